/** What a gateway is to report, as its user gives it (pure). */
import { MialinkError } from '../../errors';
import { isRecord } from '../../untrusted';

export interface SceneEvent {
  /** Of the device at which it happens, such as `lumi.158d0001234567`; blank: the gateway itself. */
  sourceDid: string;
  /** Such as `lumi.sensor_switch.v2`; blank for the gateway itself. */
  sourceModel: string;
  /** Such as `click`. */
  event: string;
  /** How the event is coded, such as `[1,13,1,85,[0,1],0,0]`, from python-miio's list or a packet capture. */
  extra: string;
}

const MOST_EVENTS = 64;

/** `called`: as people know it. */
interface Form {
  called: string;
  form: RegExp;
  rule: string;
}

/** A scene travels in one packet, so that nothing in it may be long. `miio-event.html` checks the same forms. */
const FORMS: Record<keyof SceneEvent, Form> = {
  sourceDid: {
    called: 'did',
    form: /^[\w.-]{0,48}$/,
    rule: 'that of a device, such as lumi.158d0001234567, or blank',
  },
  sourceModel: {
    called: 'model',
    form: /^[\w.-]{1,48}$/,
    rule: 'that of the device with this did, such as lumi.sensor_switch.v2',
  },
  event: { called: 'name', form: /^[\w.-]{1,48}$/, rule: 'a word such as click' },
  extra: {
    called: 'code',
    form: /^\[[\x20-\x7e]{0,254}\]$/,
    rule: 'a list in brackets, such as [1,13,1,85,[0,1],0,0]',
  },
};

/** The events, if there is one at least and all are complete; throws `settingInvalid`. */
export function checkSceneEvents(device: string, events: unknown): SceneEvent[] {
  if (Array.isArray(events) && events.length > 0 && events.length <= MOST_EVENTS) {
    return events.map((event: unknown, index) => checkEvent(device, isRecord(event) ? event : {}, index + 1));
  }
  const value = Array.isArray(events) ? `${events.length} of them` : typeof events;
  const rule = `a list of 1 to ${MOST_EVENTS} events`;
  throw new MialinkError('settingInvalid', { device, field: 'events', rule, value });
}

function checkEvent(device: string, fields: Record<string, unknown>, number: number): SceneEvent {
  const read = (name: keyof SceneEvent): string => {
    const { called, form, rule } = FORMS[name];
    const text = textOf(fields[name]);
    if (form.test(text)) return text;
    const values = { device, field: `${called} of event ${number}`, rule, value: text || 'blank' };
    throw new MialinkError('settingInvalid', values);
  };
  const sourceDid = read('sourceDid');
  const sourceModel = sourceDid === '' ? '' : read('sourceModel');
  return { sourceDid, sourceModel, event: read('event'), extra: read('extra') };
}

/** The code of an event is often given as the array that it is. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value.trim();
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
