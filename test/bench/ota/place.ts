/** What the firmware server and its clients have in common. */
import { createCipheriv, createHash } from 'node:crypto';
import type { Counterpart } from '../case';

export const PORT = 18_443;
/** Without TLS: where the server hands out its certificate. */
export const CERTIFICATE_PORT = 18_444;

export const MB = 1024 * 1024;

/** For a case: a new server for each sample. */
export const SERVER: Counterpart = { program: 'server' };

export function hostOf(network: number): string {
  return `127.${network}.0.1`;
}

/** One megabyte of noise, always the same; a firmware is so many of them. */
export function blockOfNoise(): Buffer {
  const nothing = Buffer.alloc(16);
  return createCipheriv('aes-128-ctr', nothing, nothing).update(Buffer.alloc(MB));
}

/** Hexadecimal MD5 of a firmware of so many megabytes. */
export function md5Of(megabytes: number): string {
  const hash = createHash('md5');
  const block = blockOfNoise();
  for (let count = 0; count < megabytes; count++) hash.update(block);
  return hash.digest('hex');
}
