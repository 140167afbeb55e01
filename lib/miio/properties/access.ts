/**
 * Properties and actions of one device, as a program uses them.
 *
 *   const access = new PropertyAccess(device);
 *   await access.get([{ name: 'power', siid: 2, piid: 1 }, { name: 'bright' }]);
 *   // { values: { power: true, bright: 80 }, errors: {} }
 *
 * To be kept as long as the device: it remembers how much the device bears in one request.
 */
import { MialinkError } from '../../errors';
import type { Caller, CallOptions } from '../caller';
import { wholeNumber } from '../settings';
import {
  GET_PROP,
  itemToAsk,
  outcomeOfSet,
  outcomesOfGetProp,
  outcomesOfMethod,
  readMethod,
  writeMethod,
} from './classic';
import { refusedItem } from './item-errors';
import { DeviceLimits } from './limits';
import {
  type Action,
  type ActionAnswer,
  actionParams,
  itemToGet,
  itemToSet,
  outcomeOfAction,
  outcomesOfGet,
  outcomesOfSet,
} from './miot';
import { Operation } from './operation';
import { type Change, type ClassicProperty, isMiot, type Property, type PropertyAnswer } from './property';
import { SharedGets } from './shared-get';

export class PropertyAccess {
  private readonly shared = new SharedGets(this);

  /**
   * `timeoutMs` is the deadline of a whole get or set whose options name none, and `retries` likewise: both are those
   * of the device; `limits` are shared by all who speak to it.
   */
  constructor(
    private readonly device: Caller,
    private readonly timeoutMs = 10_000,
    private readonly retries = 3,
    private readonly limits = new DeviceLimits(),
  ) {}

  /**
   * Reads properties, in as few requests as the device bears. What one property meets is an error of its name. Rejects
   * with a MialinkError when there is nothing at all to tell, or the device is lost on the way.
   */
  async get(properties: readonly Property[], options: CallOptions = {}): Promise<PropertyAnswer> {
    const operation = this.operation(options, 'get');
    const miot = properties.filter(isMiot);
    const classic = properties.filter((property) => !isMiot(property));
    const plain = classic.filter((property) => readMethod(property) === GET_PROP);
    await operation.list(miot.map(itemToGet), {
      method: 'get_properties',
      limits: this.limits.miotReads,
      read: outcomesOfGet,
    });
    await operation.list(plain.map(itemToAsk), {
      method: GET_PROP,
      limits: this.limits.classicReads,
      read: outcomesOfGetProp,
    });
    for (const [method, names] of byReadMethod(classic.filter((property) => !plain.includes(property)))) {
      const read = (result: unknown) => outcomesOfMethod(result, names);
      await operation.single({ method, params: [], names, read });
    }
    return operation.finish();
  }

  /** As `get`, but once for all who ask for the same at the same time; rejects with the reason of `signal` too. */
  getShared(properties: readonly Property[], signal: AbortSignal): Promise<PropertyAnswer> {
    return this.shared.get(properties, signal);
  }

  /** True for one that the device falls silent to, or refuses a whole request for: to ask for it may take 5 s. */
  spoils(property: Property): boolean {
    const { miotReads, classicReads } = this.limits;
    return isMiot(property)
      ? miotReads.isSpoiler(itemToGet(property))
      : classicReads.isSpoiler(itemToAsk(property));
  }

  /**
   * Sets properties: those of MIoT first, in as few requests as the device bears, then the classic ones, one by one.
   * What failed, or was left out of an answer, may have been carried out; the same values are sent again, in smaller
   * requests, unless `retries` is 0, the device's or that of `options`. Rejects as `get` does: some may be set by then.
   */
  async set(changes: readonly Change[], options: CallOptions = {}): Promise<PropertyAnswer> {
    const operation = this.operation(options, 'set');
    const assignments = changes.flatMap(({ property, value }) =>
      isMiot(property) ? [itemToSet(property, value)] : [],
    );
    await operation.list(assignments, {
      method: 'set_properties',
      limits: this.limits.miotWrites,
      read: outcomesOfSet,
    });
    for (const { property, value } of changes) {
      if (isMiot(property)) continue;
      await operation.single({
        method: writeMethod(property),
        params: Array.isArray(value) ? value : [value],
        names: [property.name],
        read: (result) => new Map([[property.name, outcomeOfSet(result, value)]]),
      });
    }
    return operation.finish();
  }

  /**
   * Carries out an action of MIoT. A lost answer makes the session send it again; `retries: 0` for what must not
   * happen twice. Rejects with `deviceRefused` and the code in `peer` when the device did not do it, and with
   * `settingInvalid` for inputs that are no `{piid, value}`: a device would refuse them.
   */
  async action(action: Action, options: CallOptions = {}): Promise<ActionAnswer> {
    const device = this.device.label;
    const { result } = await this.device.call('action', actionParams(action, device), options);
    const outcome = outcomeOfAction(result);
    if (!outcome) throw new MialinkError('answerUnexpected', { device, method: 'action' });
    if (!('code' in outcome)) return outcome;
    const peer = refusedItem(`action.${action.siid}.${action.aiid}`, outcome.code);
    throw new MialinkError('deviceRefused', { device, method: 'action', answer: peer.message }, { peer });
  }

  private operation(options: CallOptions, use: 'get' | 'set'): Operation {
    const { label } = this.device;
    const timeoutMs = wholeNumber(label, 'timeoutMs', 1, options.timeoutMs ?? this.timeoutMs);
    const retries = wholeNumber(label, 'retries', 0, options.retries ?? this.retries);
    const divides = use === 'get' || retries > 0;
    return new Operation(this.device, { ...options, timeoutMs, retries, divides });
  }
}

/** Names that are read by the same method share one request. */
function byReadMethod(properties: readonly ClassicProperty[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const property of properties) {
    const method = readMethod(property);
    methods.set(method, [...(methods.get(method) ?? []), property.name]);
  }
  return methods;
}
