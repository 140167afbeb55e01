/**
 * The process that reads databases of Mi Home (SQLite 3): their paths are its arguments, what it finds its only
 * message.
 *
 *   Android  miio2.db, table `devicerecord`: name, model, mac, localIP, did, token
 *   iOS      <account>_mihome.sqlite, table `ZDEVICE`: ZNAME, ZMODEL, ZMAC, ZLOCALIP, ZDID (not always), ZTOKEN
 *
 * Source: php-miio, python-miio (observed).
 */
import { statSync } from 'node:fs';
import { Database } from 'node-sqlite3-wasm';
import type { DatabaseContent } from './database';
import type { RawRecord } from './record';

type Columns = Record<keyof RawRecord, string>;

const TABLES: Record<string, Columns> = {
  devicerecord: {
    name: 'name',
    model: 'model',
    mac: 'mac',
    address: 'localip',
    deviceId: 'did',
    token: 'token',
  },
  ZDEVICE: {
    name: 'zname',
    model: 'zmodel',
    mac: 'zmac',
    address: 'zlocalip',
    deviceId: 'zdid',
    token: 'ztoken',
  },
};
const MAX_ROWS = 10_000;
const MAX_CELL_BYTES = 1_024;

const contents = process.argv.slice(2).map(readDatabase);
process.send?.(contents, () => process.disconnect());

function readDatabase(path: string): DatabaseContent {
  let database: Database | undefined;
  try {
    database = new Database(path, { readOnly: true });
    // A database in WAL mode can be read without its -wal and -shm files only by who has it for himself.
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON',
    );
    if (isCutOff(database, path)) return { outcome: 'damaged' };
    for (const [table, columns] of Object.entries(TABLES)) {
      if (isTable(database, table)) return { outcome: 'rows', rows: readTable(database, table, columns) };
    }
    return { outcome: 'otherTables' };
  } catch {
    return { outcome: 'damaged' };
  } finally {
    database?.close();
  }
}

/** SQLite takes what is missing of the last page for zeros, and the rows there for empty ones. */
function isCutOff(database: Database, path: string): boolean {
  const row = database.get('SELECT page_size AS bytes FROM pragma_page_size');
  return statSync(path).size % Number(row?.bytes) !== 0;
}

/** A view or a virtual table of that name would run what the file brings; only SQLite knows which it is. */
function isTable(database: Database, name: string): boolean {
  const query = "SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name = ?";
  return database.get(query, name) !== null;
}

function readTable(database: Database, table: string, columns: Columns): RawRecord[] {
  // Generated columns, which would run an expression of the file, are not in this list.
  const stored = database.all('SELECT lower(name) AS name FROM pragma_table_info(?)', table);
  const names = stored.map(({ name }) => name);
  const cells = Object.entries(columns).map(([key, column]) => {
    if (!names.includes(column)) return `'' AS ${key}`;
    // The length is told without reading: a file can hold one giant that all rows share.
    return `CASE WHEN octet_length(${column}) <= ${MAX_CELL_BYTES} THEN CAST(${column} AS TEXT) END AS ${key}`;
  });
  return database.all(`SELECT ${cells.join(', ')} FROM ${table} LIMIT ${MAX_ROWS}`);
}
