/**
 * The tags of one device.
 *
 *   thing/deviceinfo/update   params [{"attrKey","attrValue"}]
 *   thing/deviceinfo/delete   params [{"attrKey"}]
 *   thing/deviceinfo/get      params {"attrKeys":["key"]}   -> data [{"attrKey","attrValue"}]; none named, none given
 *
 * Source: reference/aliyun.md 7; the shape of get from a public client (ESP-IDF), not from the vendor's page.
 */
import { Refusal } from '../alink';
import { array, limit, object, text } from '../params';
import type { Handlers } from '../requests';

const MAX_ELEMENTS = 200;
const MAX_TAGS = 100;
const MAX_QUERY = 10;
const MAX_VALUE_LENGTH = 128;
const KEY = /^[\w\-#@%&*.]{1,30}$/;
/** Chinese, Japanese and Korean characters count twice. */
const WIDE = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]/gu;

export class Tags {
  readonly values = new Map<string, string>();

  readonly handlers: Handlers = {
    'thing/deviceinfo/update': (params) => this.update(params),
    'thing/deviceinfo/delete': (params) => this.delete(params),
    'thing/deviceinfo/get': (params) => this.get(params),
  };

  private update(params: unknown): object {
    const entries = array(params).map((entry) => {
      const { attrKey, attrValue } = object(entry);
      return { key: keyOf(attrKey), value: attrValueOf(attrValue) };
    });
    limit(entries.length, MAX_ELEMENTS, 460, 'tags in one message');
    const names = new Set([...this.values.keys(), ...entries.map(({ key }) => key)]);
    limit(names.size, MAX_TAGS, 460, 'tags of one device');
    for (const { key, value } of entries) this.values.set(key, value);
    return {};
  }

  private delete(params: unknown): object {
    const keys = array(params).map((entry) => keyOf(object(entry).attrKey));
    limit(keys.length, MAX_ELEMENTS, 460, 'tags in one message');
    for (const key of keys) this.values.delete(key);
    return {};
  }

  private get(params: unknown): object {
    const keys = array(object(params).attrKeys).map(keyOf);
    limit(keys.length, MAX_QUERY, 460, 'tags in one query');
    return keys.flatMap((attrKey) => {
      const attrValue = this.values.get(attrKey);
      return attrValue === undefined ? [] : [{ attrKey, attrValue }];
    });
  }
}

function keyOf(value: unknown): string {
  return text(value, KEY, 'attrKey');
}

function attrValueOf(value: unknown): string {
  const known = text(value, /^.+$/su, 'attrValue');
  const length = known.length + (known.match(WIDE)?.length ?? 0);
  if (length > MAX_VALUE_LENGTH) throw new Refusal(460, 'params: attrValue is longer than 128 characters');
  return known;
}
