/** A firmware, where it goes, and how long that takes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '../case';
import type { Download, Firmware, Place } from './clients/client';
import { CERTIFICATE_PORT, hostOf, MB, md5Of, PORT } from './place';

export function firmwareOf(network: number, megabytes: number): Firmware {
  return {
    url: `https://${hostOf(network)}:${PORT}/${megabytes}`,
    size: megabytes * MB,
    md5: md5Of(megabytes),
  };
}

/** With a directory that is removed in the end. */
export async function withPlace(network: number, work: (place: Place) => Promise<Sample>): Promise<Sample> {
  const directory = mkdtempSync(join(tmpdir(), 'mialink-bench-'));
  try {
    const answer = await fetch(`http://${hostOf(network)}:${CERTIFICATE_PORT}/`);
    const ca = await answer.text();
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, ca);
    return await work({ directory, ca, caFile });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** In milliseconds; the file is removed. */
export async function timed(download: Download, firmware: Firmware, place: Place): Promise<number> {
  const startedAt = performance.now();
  const path = await download(firmware, place);
  const ms = performance.now() - startedAt;
  rmSync(path);
  return ms;
}
