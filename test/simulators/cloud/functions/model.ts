/**
 * The thing model (TSL) that a product has in the cloud, and what it does to values that break it.
 *
 *   thing/dsltemplate/get   params {}                                             -> data: the TSL
 *   thing/dynamicTsl/get    params {"nodes":["type","identifier"],"addDefault":false} -> data: the TSL
 *
 *   validation  none: everything is stored;  weak: what is wrong or not defined is left out, the reply says 200;
 *               strict: the whole request is refused with a code
 *
 * A module's features are called `${functionBlockId}:${identifier}`; they stand in `functionBlocks`.
 * Source: reference/aliyun.md 3.2, 3.4, 3.5.
 */
import { isObject, type JsonObject, Refusal } from '../alink';
import { object } from '../params';
import type { Handlers } from '../requests';
import { violation } from './data-type';

export type Validation = 'none' | 'weak' | 'strict';

type Kind = 'properties' | 'events' | 'services';

const UNDEFINED: Record<Kind, number> = { properties: 6320, events: 6321, services: 6322 };

export class Model {
  /** null: any well-formed identifier is defined. */
  private tsl: JsonObject | null = null;

  constructor(private readonly validation: () => Validation) {}

  readonly handlers: Handlers = {
    'thing/dsltemplate/get': (params) => this.give(object(params)),
    'thing/dynamicTsl/get': (params) => {
      const { nodes, addDefault } = object(params);
      if (!Array.isArray(nodes) || typeof addDefault !== 'boolean') {
        throw new Refusal(460, 'params: nodes and addDefault are expected');
      }
      return this.give({});
    },
  };

  set(tsl: JsonObject): void {
    this.tsl = tsl;
  }

  /** False: it is left out. Throws a Refusal in the strict mode. */
  keepsProperty(identifier: string, value: unknown): boolean {
    return this.keeps(() => {
      const property = this.feature('properties', identifier);
      return property ? violation(property.dataType, value) : UNDEFINED.properties;
    }, identifier);
  }

  keepsEvent(identifier: string, outputs: unknown): boolean {
    return this.keeps(
      () => this.parametersViolation('events', identifier, 'outputData', outputs),
      identifier,
    );
  }

  /** Throws where the cloud's own side breaks the model, as the console does not offer that. */
  checkCall(service: string, input: object): void {
    if (this.tsl && this.parametersViolation('services', service, 'inputData', input) !== null) {
      throw new Error(`the thing model has no such call of the service ${service}`);
    }
  }

  /** Throws where the device's answer to a service breaks the model, unless nothing is checked. */
  checkOutputs(service: string, outputs: unknown): void {
    if (!this.tsl || this.validation() === 'none') return;
    const code = this.parametersViolation('services', service, 'outputData', outputs);
    if (code !== null) throw new Error(`the outputs of ${service} break the thing model (${code})`);
  }

  private give(params: JsonObject): JsonObject {
    if (Object.keys(params).length > 0) throw new Refusal(460, 'params must be empty');
    if (!this.tsl) throw new Refusal(5159, 'the product has no thing model');
    return this.tsl;
  }

  private keeps(check: () => number | null, identifier: string): boolean {
    if (!this.tsl || this.validation() === 'none') return true;
    const code = check();
    if (code !== null && this.validation() === 'strict') {
      throw new Refusal(code, `${identifier} is not as the thing model says`);
    }
    return code === null;
  }

  private parametersViolation(
    kind: 'events' | 'services',
    identifier: string,
    direction: 'inputData' | 'outputData',
    values: unknown,
  ): number | null {
    const feature = this.feature(kind, identifier);
    if (!feature) return UNDEFINED[kind];
    return violation({ type: 'struct', specs: feature[direction] ?? [] }, values);
  }

  private feature(kind: Kind, identifier: string): JsonObject | undefined {
    const [, module, name] = /^(?:(\w+):)?(.+)$/.exec(identifier) ?? [];
    const blocks = Array.isArray(this.tsl?.functionBlocks) ? this.tsl.functionBlocks.filter(isObject) : [];
    const owner = module === undefined ? this.tsl : blocks.find((block) => block.functionBlockId === module);
    const features = owner?.[kind];
    return Array.isArray(features)
      ? features.filter(isObject).find((one) => one.identifier === name)
      : undefined;
  }
}
