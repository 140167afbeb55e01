/** Databases that somebody has made to do harm. */
import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Database } from 'node-sqlite3-wasm';
import { extractTokens } from '../../../../lib/miio/tokens';
import { Collection } from '../../../../lib/miio/tokens/collection';
import { readDatabases } from '../../../../lib/miio/tokens/database';
import { fails, LAMP, useFixtures } from './fixtures';

/** Never ends when it is run. */
const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS token FROM n';
const COLUMNS = 'name, model, mac, localIP, did, token';
const TOKEN = 'ab'.repeat(16);

describe('a hostile database', () => {
  const fixtures = useFixtures();

  function make(name: string, sql: string): string {
    const file = fixtures.file(name);
    rmSync(file, { force: true });
    const database = new Database(file);
    database.exec(sql);
    database.close();
    return file;
  }

  it('runs no view', async () => {
    const file = make('view', `CREATE VIEW devicerecord AS ${ENDLESS}`);
    await fails(extractTokens({ path: file }), { code: 'CONFIG', reason: 'tokensUnknownFile' });
  });

  it('runs no view that says it is a table', async () => {
    const file = make(
      'forged',
      `CREATE VIEW devicerecord AS ${ENDLESS}; PRAGMA writable_schema = ON;
       UPDATE sqlite_schema SET type = 'table'; PRAGMA writable_schema = OFF`,
    );
    await fails(extractTokens({ path: file }), { code: 'CODEC', reason: 'tokensDamaged' });
  });

  it('runs no virtual table', async () => {
    const file = make('virtual', `CREATE VIRTUAL TABLE devicerecord USING fts5(${COLUMNS})`);
    await fails(extractTokens({ path: file }), { code: 'CONFIG', reason: 'tokensUnknownFile' });
  });

  it('computes no column', async () => {
    const file = make(
      'computed',
      `CREATE TABLE devicerecord (did, token AS (printf('%.*c', 32, 'a')));
       INSERT INTO devicerecord (did) VALUES ('1')`,
    );
    await fails(extractTokens({ path: file }), { code: 'CONFIG', reason: 'tokensNone' });
  });

  it('has no giant cells, control characters or wrong types in what it tells', async () => {
    const file = make(
      'cells',
      `CREATE TABLE devicerecord (${COLUMNS});
       INSERT INTO devicerecord VALUES (printf('%.*c', 5000, 'x'), x'00ff', 'no mac', '999.1.1.1', 7, '${TOKEN}');
       INSERT INTO devicerecord VALUES ('a' || char(27) || '[2J' || char(10) || 'b', NULL, 1.5, '192.168.1.9', 'lumi.1',
         upper('${TOKEN}'))`,
    );
    const none = { name: '', model: '', mac: '', address: '', deviceId: '' };
    assert.deepEqual(await extractTokens({ path: file }), [
      { ...none, deviceId: '7', token: TOKEN },
      { ...none, name: 'a[2Jb', address: '192.168.1.9', token: TOKEN },
    ]);
  });

  it('has at most 10000 devices', async () => {
    const file = make(
      'many',
      `CREATE TABLE devicerecord (${COLUMNS});
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10500)
       INSERT INTO devicerecord SELECT 'x', 'y', '', '', i, '${TOKEN}' FROM n`,
    );
    assert.equal((await extractTokens({ path: file })).length, 10_000);
  });

  it('that is cut off or scrambled is damaged, and does no more harm', async () => {
    const whole = await readFile(fixtures.file('android.sqlite'));
    const scrambled = Buffer.from(whole);
    scrambled.fill(0xff, 100, 300);
    for (const content of [whole.subarray(0, 100), whole.subarray(0, 4_500), scrambled]) {
      const file = fixtures.write('broken', content);
      await fails(extractTokens({ path: file }), { code: 'CODEC', reason: 'tokensDamaged', text: /^broken/ });
    }
  });

  it('is read for a limited time only', async () => {
    await assert.rejects(readDatabases([fixtures.file('android.sqlite')], 1), /reasonable time/);
  });

  it('does not spoil the others: what can be read is', async () => {
    writeFileSync(fixtures.file('folder/broken'), 'SQLite format 3\0 and no more');
    const records = await extractTokens({ path: fixtures.file('folder') });
    assert.equal(records.length, 2);
  });
});

describe('the copy of a database', () => {
  const fixtures = useFixtures();

  it('can be read by nobody else', async () => {
    const collection = new Collection(fixtures.path, 'x');
    const content = await readFile(fixtures.file('android.sqlite'));
    await collection.add({
      name: 'x',
      size: content.length,
      content: (async function* () {
        yield content;
      })(),
    });
    assert.equal(statSync(path.join(fixtures.path, '0.db')).mode & 0o777, 0o600);
    assert.equal((await collection.findings()).records[0]?.token, LAMP.token);
  });
});
