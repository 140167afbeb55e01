/**
 * The admin routes behind *Tokens from a file* in the dialog of miio-device.
 *
 *   POST /miio-device/tokens           application/octet-stream: {"name", "password"} as a line of JSON, then the file
 *     -> {reference, devices: [{name, model, mac, address, deviceId}, …]} | {passwordNeeded: true, error}
 *   POST /miio-device/tokens/choose    {reference, index} -> {token}
 *
 * The password goes in the body, since addresses and headers get into the logs of proxies. The token of the one device
 * that was chosen is the only secret that an admin answer carries: it goes back to the person who sent the file, into
 * the password field, and nowhere else.
 */
import { open } from 'node:fs/promises';
import { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { NodeAPI } from 'node-red';
import { MialinkError } from '../lib/errors';
import { extractTokens, inPrivateDirectory, type TokenRecord } from '../lib/miio/tokens';
import { OfferedTokens } from './offered-tokens';
import { adminPost, asNumber, asText, inUsersLanguage, isRecord } from './runtime';

interface Head {
  name: string;
  password: string;
}

const MAX_MEGABYTES = 512;
const MAX_HEAD_BYTES = 4_096;

export function registerTokenUpload(RED: NodeAPI): void {
  const offered = new OfferedTokens();

  adminPost(RED, '/miio-device/tokens', 'miio-device.write', async (_body, request) => {
    try {
      const records = await tokensIn(request);
      return { reference: offered.offer(records), devices: records.map(withoutToken) };
    } catch (error) {
      const isEncrypted = error instanceof MialinkError && error.code === 'AUTH';
      if (!isEncrypted) throw error;
      return { passwordNeeded: true, error: inUsersLanguage(RED, error).message };
    }
  });

  adminPost(RED, '/miio-device/tokens/choose', 'miio-device.write', async ({ reference, index }) => ({
    token: offered.choose(asText(reference), asNumber(index) ?? Number.NaN),
  }));
}

/** The search ends with the connection, as it does when the dialog is closed: nobody waits for its answer then. */
async function tokensIn(upload: Readable): Promise<TokenRecord[]> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  // A request itself is closed as soon as it is read.
  const connection = upload instanceof IncomingMessage ? upload.socket : undefined;
  connection?.once('close', leave);
  try {
    return await inPrivateDirectory(async (directory) => {
      const path = join(directory, 'upload');
      const { name, password } = await receive(upload, path);
      return extractTokens({ path, name }, { password, signal: gone.signal });
    });
  } finally {
    connection?.off('close', leave);
  }
}

/** Writes the file of an upload to `path`; its head. */
async function receive(upload: AsyncIterable<Buffer>, path: string): Promise<Head> {
  const handle = await open(path, 'wx', 0o600);
  try {
    let head: Head | undefined;
    let line = Buffer.alloc(0);
    let bytes = 0;
    for await (const chunk of upload) {
      bytes += chunk.length;
      // What is too much is let pass: who still sends does not read an answer.
      if (bytes > MAX_MEGABYTES * 2 ** 20) continue;
      if (head) {
        await handle.appendFile(chunk);
        continue;
      }
      line = Buffer.concat([line, chunk]);
      const end = line.indexOf('\n');
      if (end < 0 && line.length > MAX_HEAD_BYTES) break;
      if (end < 0) continue;
      head = readHead(line.toString('utf8', 0, end));
      await handle.appendFile(line.subarray(end + 1));
    }
    if (!head)
      throw new MialinkError('tokensDamaged', { file: 'the upload', cause: 'its first line is none' });
    if (bytes > MAX_MEGABYTES * 2 ** 20) {
      throw new MialinkError('tokensTooLarge', { file: head.name, limit: MAX_MEGABYTES });
    }
    return head;
  } finally {
    await handle.close();
  }
}

function readHead(line: string): Head {
  const head: unknown = parse(line);
  const { name, password } = isRecord(head) ? head : {};
  return { name: asText(name).slice(0, 100), password: typeof password === 'string' ? password : '' };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function withoutToken({ token: _, ...device }: TokenRecord): Omit<TokenRecord, 'token'> {
  return device;
}
