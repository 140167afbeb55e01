/**
 * What the firmware can do: a table of methods, each from `params` to `result`. Classic properties, MIoT properties and
 * actions as in reference/miio.md chapters 4.6 and 4.7, error codes as in 2.6.
 */
import type { SimulatedDeviceOptions } from './options';
import type { Properties } from './properties';
import { isRecord } from './wire';

export type Method = (params: unknown) => unknown;

/** The result of a method whose answer never leaves the device. */
export const NO_ANSWER = Symbol('no answer');

/** What a device answers in place of a result. */
export interface DeviceError {
  code: number;
  message: string;
}

/** A method throws it to refuse. */
export class Refusal extends Error implements DeviceError {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export const methodNotFound = (): Refusal => new Refusal(-32601, 'Method not found.');
export const invalidParams = (): Refusal => new Refusal(-32602, 'Invalid param.');

/** Codes of one property or action inside a successful answer. */
const DONE = 0;
const NOT_WRITABLE = -4002;
const NO_SUCH_THING = -4003;
const BAD_VALUE = -4005;

/** All methods of a device by name; `more` are those of its parts. */
export function firmwareMethods(
  options: SimulatedDeviceOptions,
  properties: Properties,
  more: [string, Method][],
): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    ...more,
    ...(options.properties ? classicMethods(Object.keys(options.properties), properties) : []),
    ...(options.miot ? miotMethods(properties) : []),
    ...(options.actions ? actionMethods(options.actions) : []),
    ...Object.entries(options.methods ?? {}),
  ]);
}

/** What anything thrown by a method looks like in the answer. */
export function deviceErrorOf(thrown: unknown): DeviceError {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
    const { code, message } = thrown;
    if (typeof code === 'number' && typeof message === 'string') return { code, message };
  }
  return { code: -30000, message: 'sys undefined error.' };
}

function classicMethods(names: string[], properties: Properties): [string, Method][] {
  const methods: [string, Method][] = [
    ['get_prop', (params) => listOf(params).map((name) => getClassic(properties, name))],
  ];
  for (const name of names.filter((name) => !properties.isReadOnly(name))) {
    methods.push([`set_${name}`, (params) => setClassic(properties, name, params)]);
  }
  if (names.includes('power')) {
    methods.push([
      'toggle',
      () => write(properties, 'power', properties.get('power') === 'on' ? 'off' : 'on'),
    ]);
  }
  return methods;
}

/** null for what names no property. */
function getClassic(properties: Properties, name: unknown): unknown {
  return typeof name === 'string' ? (properties.get(name) ?? null) : null;
}

/** Further params, such as the duration of a smooth change, have no effect. */
function setClassic(properties: Properties, name: string, params: unknown): string[] {
  const [value] = listOf(params);
  if (value === undefined) throw invalidParams();
  if (!properties.accepts(name, value)) throw new Refusal(-5001, 'invalid_arg');
  return write(properties, name, value);
}

function write(properties: Properties, name: string, value: unknown): string[] {
  properties.set(name, value);
  return ['ok'];
}

function miotMethods(properties: Properties): [string, Method][] {
  return [
    ['get_properties', (params) => listOf(params).map((item) => getMiot(properties, item))],
    ['set_properties', (params) => listOf(params).map((item) => setMiot(properties, item))],
  ];
}

function getMiot(properties: Properties, item: unknown): object {
  const { did, siid, piid } = recordOf(item);
  const name = nameOf(siid, piid);
  if (!properties.has(name)) return { did, siid, piid, code: NO_SUCH_THING };
  return { did, siid, piid, code: DONE, value: properties.get(name) };
}

function setMiot(properties: Properties, item: unknown): object {
  const { did, siid, piid, value } = recordOf(item);
  const name = nameOf(siid, piid);
  const code = writeCode(properties, name, value);
  if (code === DONE) properties.set(name, value);
  return { did, siid, piid, code };
}

function writeCode(properties: Properties, name: string, value: unknown): number {
  if (!properties.has(name)) return NO_SUCH_THING;
  if (properties.isReadOnly(name)) return NOT_WRITABLE;
  return value !== undefined && properties.accepts(name, value) ? DONE : BAD_VALUE;
}

function actionMethods(actions: NonNullable<SimulatedDeviceOptions['actions']>): [string, Method][] {
  const byName = new Map(Object.entries(actions));
  return [
    [
      'action',
      (params) => {
        const { did, siid, aiid, in: input } = recordOf(params);
        const action = byName.get(nameOf(siid, aiid));
        if (!action) return { did, siid, aiid, code: NO_SUCH_THING };
        return { did, siid, aiid, code: DONE, out: action(listOf(input)) };
      },
    ],
  ];
}

function nameOf(siid: unknown, iid: unknown): string {
  if (!Number.isInteger(siid) || !Number.isInteger(iid)) throw invalidParams();
  return `${siid}.${iid}`;
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw invalidParams();
  return value;
}

function recordOf(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw invalidParams();
  return value;
}
