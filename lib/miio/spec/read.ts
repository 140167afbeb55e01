/** Where a spec comes from: an object in a message, JSON text, or a file. */
import { promises } from 'node:fs';
import { MialinkError, messageOf } from '../../errors';
import { MAX_SPEC_BYTES, readInstance } from './instance';
import { Spec } from './spec';

/** Reads a MIoT instance, as an object or as JSON text; throws `specInvalid`. `device` is what texts call the device. */
export function parseSpec(source: unknown, device = 'the device'): Spec {
  const instance = readInstance(typeof source === 'string' ? parseText(source, device) : source);
  if ('cause' in instance) throw new MialinkError('specInvalid', { device, cause: instance.cause });
  return new Spec(instance, device);
}

/** Reads a MIoT instance out of its text, or out of the file of this path; rejects with specInvalid or specUnreadable. */
export async function readSpec(pathOrText: string, device = 'the device'): Promise<Spec> {
  const isText = /^[\s\uFEFF]*[{[]/.test(pathOrText);
  return parseSpec(isText ? pathOrText : await textOfFile(pathOrText.trim(), device), device);
}

async function textOfFile(path: string, device: string): Promise<string> {
  try {
    // Loaded when it is first read, so not at every start, as node:fs/promises would be.
    const { readFile, stat } = promises;
    const file = await stat(path);
    if (!file.isFile()) throw new Error(`${path} is not a file`);
    if (file.size > MAX_SPEC_BYTES) throw new Error(`${path} is longer than ${MAX_SPEC_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new MialinkError('specUnreadable', { device, cause: messageOf(error) });
  }
}

function parseText(text: string, device: string): unknown {
  if (Buffer.byteLength(text) > MAX_SPEC_BYTES) {
    throw new MialinkError('specInvalid', { device, cause: `it is longer than ${MAX_SPEC_BYTES} bytes` });
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new MialinkError('specInvalid', { device, cause: 'it is not JSON' });
  }
}
