/**
 * Properties and actions of MIoT, as they travel on the LAN (pure).
 *
 *   get_properties  [{did, siid, piid}, ...]           -> [{did, siid, piid, code, value}, ...]
 *   set_properties  [{did, siid, piid, value}, ...]    -> [{did, siid, piid, code}, ...]
 *   action          {did, siid, aiid, in: [{piid, value}, ...]}  -> {siid, aiid, code, out: [{piid, value}, ...]}
 *
 * `did` is a label of ours here, which the device repeats; it must stay below 32 characters. Items of an answer may be
 * missing or in another order (xiaomi.vacuum.b112 loses some), so only siid and piid tell which is which. Code 0 is
 * done, 1 accepted. `in` with bare values is the cloud's form: devices answer it with -9999. Source: python-miio,
 * hass-xiaomi-miot and the field reports that the codes below are named in.
 */
import { MialinkError } from '../../errors';
import { isRecord } from '../../untrusted';
import { presentable } from '../message';
import { type Assignment, confirms, type Item, type Outcomes } from './item';
import { asBoolean, type MiotProperty } from './property';

/** An action of a device; `in` has the values of its inputs. `Spec.resolveAction` makes one of a name and values. */
export interface Action {
  siid: number;
  aiid: number;
  in?: readonly { piid: number; value: unknown }[];
}

const INPUTS_RULE = 'a list of {piid, value}';
/** Of inputs in the text of an error. */
const LONGEST_INPUTS = 80;

export interface ActionAnswer {
  /** `piid` is missing where the device gives bare values. */
  out: { piid?: number; value: unknown }[];
}

export interface MiotItem extends Item {
  format?: string;
}

export function itemToGet({ name, siid, piid, format }: MiotProperty): MiotItem {
  const key = keyOf(siid, piid);
  return { name, key, format, param: { did: `prop.${key}`, siid, piid } };
}

export function itemToSet({ name, siid, piid }: MiotProperty, value: unknown): Assignment {
  const key = keyOf(siid, piid);
  return { name, key, value, param: { did: `prop.${key}`, siid, piid, value } };
}

/** Reads an answer to get_properties; undefined for what is none. */
export function outcomesOfGet(result: unknown, items: readonly MiotItem[]): Outcomes | undefined {
  const answers = answersByKey(result);
  if (!answers) return undefined;
  const outcomes: Outcomes = new Map();
  for (const { name, key, format } of items) {
    const answer = answers.get(key);
    if (!answer) continue;
    if (!succeeded(answer.code)) outcomes.set(name, { code: answer.code });
    else if ('value' in answer) outcomes.set(name, { value: ofFormat(answer.value, format) });
  }
  return outcomes;
}

/** Reads an answer to set_properties; undefined for what is none. */
export function outcomesOfSet(result: unknown, items: readonly Assignment[]): Outcomes | undefined {
  const answers = answersByKey(result);
  // Some firmware says ["ok"] or 0 for all.
  if (!answers && !confirms(result)) return undefined;
  const outcomes: Outcomes = new Map();
  for (const { name, key, value } of items) {
    const answer = answers ? answers.get(key) : { code: 0 };
    if (answer) outcomes.set(name, succeeded(answer.code) ? { value } : { code: answer.code });
  }
  return outcomes;
}

/** Throws `settingInvalid` for inputs in another form than the LAN's; `device` is what texts call the device. */
export function actionParams({ siid, aiid, in: inputs = [] }: Action, device: string): object {
  if (!Array.isArray(inputs) || !inputs.every(isInput)) {
    const field = `in of action.${keyOf(siid, aiid)}`;
    throw new MialinkError('settingInvalid', { device, field, rule: INPUTS_RULE, value: textOf(inputs) });
  }
  return { did: `action.${keyOf(siid, aiid)}`, siid, aiid, in: inputs };
}

/** Reads an answer to action: its outputs, or the code of a failure; undefined for what is none. */
export function outcomeOfAction(result: unknown): ActionAnswer | { code: number | string } | undefined {
  if (confirms(result)) return { out: [] };
  const answer: unknown = Array.isArray(result) && result.length === 1 ? result[0] : result;
  if (!isRecord(answer)) return undefined;
  const code = codeOf(answer.code);
  if (!succeeded(code)) return { code };
  const outputs: unknown[] = Array.isArray(answer.out) ? answer.out : [];
  return { out: outputs.map(outputOf) };
}

function isInput(input: unknown): boolean {
  return isRecord(input) && Number.isInteger(input.piid) && input.value !== undefined;
}

function textOf(inputs: unknown): string {
  try {
    return (JSON.stringify(inputs) ?? typeof inputs).slice(0, LONGEST_INPUTS);
  } catch {
    return typeof inputs;
  }
}

function outputOf(output: unknown): { piid?: number; value: unknown } {
  if (!isRecord(output) || !('value' in output)) return { value: output };
  const piid = Number(output.piid);
  return Number.isInteger(piid) ? { piid, value: output.value } : { value: output.value };
}

/** Undefined for what is no list of items. */
function answersByKey(result: unknown): Map<string, { code: number | string; value?: unknown }> | undefined {
  if (!Array.isArray(result)) return undefined;
  const records = result.filter(isRecord);
  if (records.length === 0 && result.length > 0) return undefined;
  return new Map(
    records.map(({ siid, piid, code, ...rest }) => [
      keyOf(Number(siid), Number(piid)),
      'value' in rest ? { code: codeOf(code), value: rest.value } : { code: codeOf(code) },
    ]),
  );
}

/** No code is as good as 0. */
function codeOf(code: unknown): number | string {
  if (typeof code === 'string') return Number.isInteger(Number(code)) ? Number(code) : presentable(code);
  return typeof code === 'number' ? code : 0;
}

function succeeded(code: number | string): boolean {
  return code === 0 || code === 1;
}

/** Firmware in C writes a bool as 0, 1 or "true". */
function ofFormat(value: unknown, format: string | undefined): unknown {
  return format === 'bool' ? (asBoolean(value) ?? value) : value;
}

function keyOf(siid: number, iid: number): string {
  return `${siid}.${iid}`;
}
