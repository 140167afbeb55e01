/** What bytes from the cloud become in a message, by the field `format` of a node. */
import { isUtf8 } from 'node:buffer';
import { isDeeperThan, MAX_DEPTH, withoutPrototypes } from '../lib/untrusted';

/**
 * `auto`: a JSON object or array as such, other text as text, and what is no text as a Buffer. `json`: also a JSON
 * number and the like.
 */
export type Format = 'auto' | 'text' | 'json' | 'buffer';

const FORMATS: readonly Format[] = ['auto', 'text', 'json', 'buffer'];

/** `auto` for whatever is none. */
export function formatOf(value: unknown): Format {
  return FORMATS.find((format) => format === value) ?? 'auto';
}

/** Throws with the cause in words where `json` is wanted and there is none. */
export function readPayload(bytes: Buffer, format: Format): unknown {
  switch (format) {
    case 'buffer':
      return bytes;
    case 'text':
      return bytes.toString();
    case 'json':
      return readJson(bytes);
    case 'auto':
      return readWhatItIs(bytes);
  }
}

function readWhatItIs(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return bytes;
  const text = bytes.toString();
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return readJson(bytes);
  } catch {
    return text;
  }
}

function readJson(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new Error('it is not JSON');
  }
  if (isDeeperThan(value, MAX_DEPTH)) throw new Error(`it is nested deeper than ${MAX_DEPTH} levels`);
  return withoutPrototypes(value);
}
