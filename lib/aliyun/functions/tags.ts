/**
 * Tags: what a device tells of itself beside its thing model (its room, its serial number), as texts that the console
 * shows and finds it by.
 *
 *   thing.deviceinfo.update   params [{"attrKey":"room","attrValue":"attic"}]
 *   thing.deviceinfo.delete   params [{"attrKey":"room"}]
 *   thing.deviceinfo.get      params {"attrKeys":["room"]}     -> data [{"attrKey":"room","attrValue":"attic"}]
 *
 * Source: Alibaba Cloud IoT Platform, "Device tags"; for the params of get public device programs.
 */
import { MialinkError } from '../../errors';
import { isRecord, withoutPrototypes } from '../../untrusted';
import type { CloudReply } from '../alink';
import type { CloudChannel } from '../channel';

export interface TagsReply extends CloudReply {
  /** key -> value; keys that the device does not have are left out. */
  data: Record<string, string>;
}

const KEY = /^[\w#@%&*.-]{1,30}$/;
const KEY_RULE = 'a key has 1 to 30 letters, digits or any of _ - # @ % & * .';
const VALUE_LENGTH = 128;
const VALUE_RULE = `a value is text of 1 to ${VALUE_LENGTH} characters, of which Chinese and Japanese ones count twice`;
const TWICE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u30ff\uff00-\uff60]/u;

const MOST = 200;
const MOST_ASKED = 10;

/**
 * Sets tags: `{key: value}`; a number or a truth value becomes its text. These functions reject as
 * `AliyunDevice.request` does, and before anything is sent with `tagInvalid` (CONFIG, names key and rule) or
 * `payloadInvalid` (too many, or none).
 */
export async function updateTags(channel: CloudChannel, tags: Record<string, unknown>): Promise<CloudReply> {
  const operation = 'tag update';
  const { label } = channel;
  checkCount(label, operation, Object.keys(tags).length, MOST);
  const params = Object.entries(tags).map(([attrKey, value]) => {
    checkKey(label, attrKey);
    return { attrKey, attrValue: textOf(label, attrKey, value) };
  });
  return channel.request('thing.deviceinfo.update', params, { operation });
}

/** A tag that the device does not have is no error. */
export async function deleteTags(channel: CloudChannel, keys: readonly string[]): Promise<CloudReply> {
  const operation = 'tag delete';
  checkKeys(channel.label, operation, keys, MOST);
  const params = keys.map((attrKey) => ({ attrKey }));
  return channel.request('thing.deviceinfo.delete', params, { operation });
}

/** At most ten at a time; the cloud has no way to ask for all. */
export async function getTags(channel: CloudChannel, keys: readonly string[]): Promise<TagsReply> {
  const operation = 'tag get';
  checkKeys(channel.label, operation, keys, MOST_ASKED);
  const reply = await channel.request('thing.deviceinfo.get', { attrKeys: keys }, { operation });
  return { ...reply, data: readTags(reply.data) };
}

function readTags(data: unknown): Record<string, string> {
  const pairs = (Array.isArray(data) ? data : []).flatMap((tag): [string, string][] => {
    if (!isRecord(tag) || typeof tag.attrKey !== 'string' || typeof tag.attrValue !== 'string') return [];
    return [[tag.attrKey, tag.attrValue]];
  });
  return withoutPrototypes(Object.fromEntries(pairs));
}

function checkKeys(device: string, operation: string, keys: readonly string[], most: number): void {
  checkCount(device, operation, keys.length, most);
  for (const key of keys) checkKey(device, key);
}

function checkCount(device: string, operation: string, count: number, most: number): void {
  if (count >= 1 && count <= most) return;
  const values = { device, operation, rule: `1 to ${most} tags`, type: `${count}` };
  throw new MialinkError('payloadInvalid', values);
}

function checkKey(device: string, key: string): void {
  if (!KEY.test(key)) throw invalid(device, key, KEY_RULE);
}

function textOf(device: string, key: string, value: unknown): string {
  const text = ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : '';
  let length = 0;
  for (const character of text) length += TWICE.test(character) ? 2 : 1;
  if (length === 0 || length > VALUE_LENGTH) throw invalid(device, key, VALUE_RULE);
  return text;
}

function invalid(device: string, key: string, rule: string): MialinkError {
  return new MialinkError('tagInvalid', { device, key: key.slice(0, 40), rule });
}
