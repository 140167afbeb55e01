/**
 * What the codes of one property or action mean that stand inside a successful answer (pure). Source: the MIoT
 * specification's table of errors, as quoted by the documents of python-miio and hass-xiaomi-miot.
 */
import { MialinkError } from '../../errors';
import type { ItemError } from './property';

/** Which text explains it: the part behind `itemRefused_` in `lib/locales`. */
type Meaning = 'unreadable' | 'unwritable' | 'unknown' | 'failed' | 'value' | 'input';

const MEANINGS = new Map<number | string, Meaning>([
  [-4001, 'unreadable'],
  [-4002, 'unwritable'],
  [-4003, 'unknown'],
  [-4004, 'failed'],
  [-4005, 'value'],
  [-4006, 'input'],
]);

/** By the device's own code, or whatever it answered in place of ok; `item` names a property or action. */
export function refusedItem(item: string, code: number | string): ItemError {
  const context = MEANINGS.get(code) ?? '';
  return { code, message: new MialinkError('itemRefused', { item, code, context }).message };
}

/** The answer has no such item. */
export function unansweredItem(item: string): ItemError {
  return fromError(new MialinkError('itemUnanswered', { item }));
}

/** The whole request failed, and this item alone was in it. */
export function fromError(error: MialinkError): ItemError {
  return { code: error.peer?.code ?? error.code, message: error.message };
}
