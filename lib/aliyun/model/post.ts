/** A post as it goes to the cloud, checked by the thing model (pure): the same for one that goes now and one that was kept. */
import { isRecord } from '../../untrusted';
import type { ThingModel } from './thing-model';

export interface UncheckedPost {
  kind: 'property' | 'history' | 'batch' | 'event';
  /** Such as `thing.event.property.post` or `thing.event.alarm.post`. */
  method: string;
  params: unknown;
}

/** The params, converted. What was checked before stays the same. Throws as `ThingModel.checkProperties` does. */
export function checkPost(model: ThingModel, { kind, method, params }: UncheckedPost): unknown {
  switch (kind) {
    case 'property':
      return model.checkProperties(params);
    case 'history':
      return Array.isArray(params) ? params.map((one: unknown) => checkSets(model, one)) : params;
    case 'batch':
      return isRecord(params) ? { ...params, properties: model.checkBatch(params.properties) } : params;
    case 'event':
      return isRecord(params)
        ? { ...params, value: model.checkEvent(eventOf(method), params.value) }
        : params;
  }
}

/** `{identity, properties}` */
function checkSets(model: ThingModel, sets: unknown): unknown {
  return isRecord(sets) ? { ...sets, properties: model.checkHistory(sets.properties) } : sets;
}

function eventOf(method: string): string {
  return method.slice('thing.event.'.length, -'.post'.length);
}
