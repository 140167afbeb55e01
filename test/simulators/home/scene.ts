/**
 * A scene as a client stores it in a gateway, to be called when something happens.
 *
 *   send_data_frame {cur: 0, data: S, data_tkn, total: 1, type: 'scene'}
 *   S = JSON text of [["x.scene.<id>", ["1.0", unix time, ["0", trigger], [target]]]]
 *   trigger {did, extra, key: 'event.<source model>.<event>', model, src: 'device', timespan, token, value?}
 *   target {command: '<model>.<action>:<source did with _ for .>', did, extra, id: 0, ip, model, token, value: ''}
 *
 * Source: reference/miio.md 4.8 (a).
 */
import { isIPv4 } from 'node:net';
import { invalidParams } from './methods';
import { decryptBlock, isRecord } from './wire';

const MAX_COMMAND_CHARACTERS = 49;
const ALWAYS = '0 0 * * 0,1,2,3,4,5,6';
const MIN_UNIX_TIME = 1_000_000_000;
const FRAME_FIELDS = ['cur', 'data', 'data_tkn', 'total', 'type'];
const TRIGGER_FIELDS = ['did', 'extra', 'key', 'model', 'src', 'timespan', 'token'];
const TARGET_FIELDS = ['command', 'did', 'extra', 'id', 'ip', 'model', 'token', 'value'];

export interface Scene {
  /** Such as 'x.scene.1234'. */
  id: string;
  /** Of the device that it happens to, or of the gateway. */
  sourceDid: string;
  sourceModel: string;
  /** Such as 'click'. */
  event: string;
  /** What of it: JSON text of a list. */
  extra: string;
  /** Of the one to call. */
  targetDid: string;
  ip: string;
  /** '<action>:<source did with _ for .>' */
  method: string;
}

/** The scene in the params of send_data_frame; throws when they are not exactly as documented. */
export function parseSceneFrame(params: unknown, gatewayToken: Buffer): Scene {
  const { cur, data, data_tkn: dataToken, total, type } = record(params, FRAME_FIELDS);
  need(cur === 0 && total === 1 && type === 'scene' && Number.isInteger(dataToken));
  const [scene] = list(parseJson(data), 1);
  const [id, body] = list(scene, 2);
  need(typeof id === 'string' && /^x\.scene\.\S+$/.test(id));
  const [version, time, when, targets] = list(body, 4);
  need(version === '1.0' && typeof time === 'number' && Number.isInteger(time) && time >= MIN_UNIX_TIME);
  const [order, trigger] = list(when, 2);
  need(order === '0');
  const [target] = list(targets, 1);
  const source = readTrigger(trigger, gatewayToken);
  return { id, ...source, ...readTarget(target, source.sourceDid, gatewayToken) };
}

function readTrigger(
  value: unknown,
  token: Buffer,
): Pick<Scene, 'sourceDid' | 'sourceModel' | 'event' | 'extra'> {
  const trigger = record(value, TRIGGER_FIELDS, ['value']);
  const { did, extra, key, model } = trigger;
  need(typeof did === 'string' && did !== '' && typeof model === 'string' && model !== '');
  need(typeof key === 'string' && key.startsWith(`event.${model}.`));
  const event = key.slice(`event.${model}.`.length);
  need(event !== '');
  need(typeof extra === 'string' && Array.isArray(parseJson(extra)));
  need(trigger.src === 'device' && list(trigger.timespan, 2).every((span) => span === ALWAYS));
  need(trigger.token === '' || trigger.token === token.toString('hex'));
  return { sourceDid: did, sourceModel: model, event, extra };
}

function readTarget(
  value: unknown,
  sourceDid: string,
  gatewayToken: Buffer,
): Pick<Scene, 'targetDid' | 'ip' | 'method'> {
  const { command, did, extra, id, ip, model, token, value: argument } = record(value, TARGET_FIELDS);
  need(typeof did === 'string' && /^\d+$/.test(did) && typeof model === 'string' && model !== '');
  need(typeof extra === 'string' && id === 0 && argument === '');
  need(typeof ip === 'string' && isIPv4(ip));
  need(typeof token === 'string' && /^[0-9a-f]{32}$/.test(token));
  need(decryptBlock(Buffer.from(token, 'hex'), gatewayToken).equals(gatewayToken));
  need(typeof command === 'string' && command.startsWith(`${model}.`));
  const method = command.slice(model.length + 1);
  const [, action] = /^([^:]+):/.exec(method) ?? [];
  const whole = `${model}.${action}:${sourceDid.replaceAll('.', '_')}`;
  need(action !== undefined && command === whole.slice(0, MAX_COMMAND_CHARACTERS));
  return { targetDid: did, ip, method };
}

function need(condition: boolean): asserts condition {
  if (!condition) throw invalidParams();
}

/** An object with exactly these fields, and perhaps the optional ones. */
function record(value: unknown, fields: string[], optional: string[] = []): Record<string, unknown> {
  need(isRecord(value) && fields.every((field) => Object.hasOwn(value, field)));
  need(Object.keys(value).every((field) => fields.includes(field) || optional.includes(field)));
  return value;
}

function list(value: unknown, length: number): unknown[] {
  need(Array.isArray(value) && value.length === length);
  return value;
}

function parseJson(text: unknown): unknown {
  need(typeof text === 'string');
  try {
    return JSON.parse(text);
  } catch {
    throw invalidParams();
  }
}
