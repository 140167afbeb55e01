/** A database that SQLite reads for longer than any test takes. */
import { Database } from 'node-sqlite3-wasm';

/** Each of its views is looked at for each of them when the tables are listed. */
const VIEWS = 100_000;

export function makeEndlessDatabase(path: string): void {
  const database = new Database(path);
  database.exec(
    `PRAGMA writable_schema = ON;
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${VIEWS})
     INSERT INTO sqlite_schema SELECT 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS SELECT 1' FROM n`,
  );
  database.close();
}
