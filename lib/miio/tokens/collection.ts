/**
 * Looks through files for devices. A database shows by its first bytes, its write-ahead log by its name too, a text by
 * the word token in it; all other files are passed over.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { MialinkError } from '../../errors';
import { ByteReader } from './bytes';
import { cachedRecords } from './cached-json';
import { readDatabases } from './database';
import { type TokenRecord, toRecord } from './record';
import type { Member } from './tar';

export interface Findings {
  records: TokenRecord[];
  /** Whether a file is one in which the apps keep devices, be there any or not. */
  isKnown: boolean;
  /** Whether a database could not be read. */
  isDamaged: boolean;
}

const DATABASE_START = Buffer.from('SQLite format 3\0');
const LOG_START = Buffer.from([0x37, 0x7f, 0x06]);
const LOG_SUFFIX = '-wal';
const START_BYTES = 512;
const MAX_TEXT_BYTES = 8 * 2 ** 20;
const MAX_DATABASE_MEGABYTES = 64;
const MAX_FILES = 100_000;
const MAX_DATABASES = 100;
const MAX_RECORDS = 10_000;
const READING_MS = 30_000;

export class Collection {
  private files = 0;
  private texts = 0;
  private readonly cached: TokenRecord[] = [];
  private readonly databases: string[] = [];
  /** Under which number a database and its log are copied, by the path of the database. */
  private readonly numbers = new Map<string, number>();

  /** Databases are copied into `directory`, where nobody else writes. Texts call the whole `file`. */
  constructor(
    private readonly directory: string,
    private readonly file: string,
  ) {}

  /** Throws `tokensTooMany` and `tokensTooLarge`. */
  async add({ name, size, content }: Member): Promise<void> {
    this.files += 1;
    const isTooMany = this.files > MAX_FILES || this.cached.length > MAX_RECORDS;
    if (isTooMany || this.databases.length > MAX_DATABASES) {
      throw new MialinkError('tokensTooMany', { file: this.file });
    }
    const reader = new ByteReader(content);
    const start = await reader.read(START_BYTES);
    const isLog = startsWith(start, LOG_START) && name.endsWith(LOG_SUFFIX);
    if (isLog || startsWith(start, DATABASE_START)) {
      if (size > MAX_DATABASE_MEGABYTES * 2 ** 20) {
        throw new MialinkError('tokensTooLarge', { file: this.file, limit: MAX_DATABASE_MEGABYTES });
      }
      const copy = join(this.directory, this.copyName(name, isLog));
      if (!isLog) this.databases.push(copy);
      await write(copy, start, reader.stream(size));
    } else if (size <= MAX_TEXT_BYTES && !start.includes(0)) {
      this.addText(Buffer.concat([start, await reader.read(size)]));
    }
  }

  /** Throws an Error where the databases cannot be read in reasonable time, or when `signal` is aborted. */
  async findings(signal?: AbortSignal): Promise<Findings> {
    const { databases } = this;
    const contents = databases.length > 0 ? await readDatabases(databases, READING_MS, signal) : [];
    const rows = contents.flatMap((content) => (content.outcome === 'rows' ? content.rows : []));
    const stored = rows.map(toRecord).filter((record) => record !== undefined);
    return {
      records: [...stored, ...this.cached],
      isKnown: this.texts > 0 || contents.some(({ outcome }) => outcome === 'rows'),
      isDamaged: contents.some(({ outcome }) => outcome === 'damaged'),
    };
  }

  private addText(text: Buffer): void {
    if (!text.includes('token')) return;
    this.texts += 1;
    this.cached.push(...cachedRecords(text.toString()));
  }

  private copyName(name: string, isLog: boolean): string {
    const database = isLog ? name.slice(0, -LOG_SUFFIX.length) : name;
    const number = this.numbers.get(database) ?? this.numbers.size;
    this.numbers.set(database, number);
    return `${number}.db${isLog ? LOG_SUFFIX : ''}`;
  }
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.subarray(0, start.length).equals(start);
}

async function write(path: string, start: Buffer, rest: AsyncIterable<Buffer>): Promise<void> {
  // A second file of the same name replaces the first, as it does when an archive is unpacked.
  const handle = await open(path, 'w', 0o600);
  try {
    await handle.appendFile(start);
    for await (const piece of rest) await handle.appendFile(piece);
  } finally {
    await handle.close();
  }
}
