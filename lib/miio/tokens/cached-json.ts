/**
 * Devices in what an app keeps as JSON (pure):
 * - `smrc4-cache` of Mi Home on Android (rooted): answers of the cloud; nothing is documented of the text around them,
 *   so objects are looked for anywhere: `{"did":"1234","token":"…","localip":"…","mac":"…","model":"…","name":"…"}`
 * - `miot.xml` of Yeelight on Android: `<set name="deviceList">` of `<string>`, each such an object with its quotes as
 *   `&quot;`
 * Source: php-miio (cache), python-miio (Yeelight).
 */
import { isRecord } from '../../untrusted';
import { type RawRecord, type TokenRecord, toRecord } from './record';

/** What is longer is no device. */
const MAX_OBJECT_LENGTH = 16_384;
/** Of more objects inside each other, only the innermost are looked at: so no character is read more often. */
const MAX_DEPTH = 16;

const ENTITIES: Record<string, string> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&', '#10': '\n' };

/** The devices that have a usable token, in the order of the text. */
export function cachedRecords(text: string): TokenRecord[] {
  const isXml = /^\uFEFF?\s*<\?xml/.test(text);
  const records: TokenRecord[] = [];
  for (const object of objectsIn(isXml ? unescapeXml(text) : text)) {
    const record = object.includes('"token"') ? toRecord(readFields(object)) : undefined;
    if (record) records.push(record);
  }
  return records;
}

function readFields(object: string): RawRecord {
  const device = parse(object);
  if (!isRecord(device)) return {};
  const { name, model, mac, did, token } = device;
  return { name, model, mac, address: device.localip ?? device.localIP, deviceId: did, token };
}

function parse(object: string): unknown {
  try {
    return JSON.parse(object);
  } catch {
    return undefined;
  }
}

function unescapeXml(text: string): string {
  return text.replace(/&(#?\w{2,4});/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

/**
 * Each `{…}` as text, the inner ones before the outer. One pass: a text of braces only must not take longer than one
 * of words.
 */
function* objectsIn(text: string): Generator<string> {
  const open: number[] = [];
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    // No JSON text goes over the end of a line: a quote too many does not hide what comes after.
    if (char === '\n') isQuoted = false;
    else if (isQuoted && char === '\\' && text[at + 1] !== '\n') at += 1;
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && char === '{') {
      if (open.length === MAX_DEPTH) open.shift();
      open.push(at);
    } else if (!isQuoted && char === '}') {
      const start = open.pop();
      if (start !== undefined && at - start < MAX_OBJECT_LENGTH) yield text.slice(start, at + 1);
    }
  }
}
