/**
 * Reads the databases of Mi Home in a process of its own: SQLite works without a pause, and a file made by somebody
 * with bad intentions may keep it busy for ever.
 */
import { fork } from 'node:child_process';
import { isRecord } from '../../untrusted';
import type { RawRecord } from './record';

/** What a database has: the rows of its table of devices, no such table, or nothing that SQLite can read. */
export type DatabaseContent =
  | { outcome: 'rows'; rows: RawRecord[] }
  | { outcome: 'otherTables' }
  | { outcome: 'damaged' };

/**
 * The content of each database. Each must lie in a folder of ours: SQLite makes a lock beside it. Throws an Error
 * where the reading fails, takes longer than `timeoutMs` or is aborted.
 */
export function readDatabases(
  paths: string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<DatabaseContent[]> {
  return new Promise((resolve, reject) => {
    // Nothing of it may reach a log.
    const reader = fork(require.resolve('./database-process'), paths, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      signal,
    });
    reader.on('message', (message) => {
      if (isContents(message)) resolve(message);
    });
    reader.on('error', reject);
    reader.on('close', () => reject(new Error('SQLite cannot read it in reasonable time')));
  });
}

function isContents(message: unknown): message is DatabaseContent[] {
  return Array.isArray(message) && message.every((content) => isRecord(content) && 'outcome' in content);
}
