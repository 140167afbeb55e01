import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { fileStateStore, parseNotice } from '../../../../lib/aliyun/ota';
import { parseUpgrade } from '../../../../lib/aliyun/ota/upgrade-record';
import type { Upgrade } from '../../../../lib/aliyun/ota/upgrade-state';

const file = { url: 'https://h/f.bin?Signature=1', size: 10, sign: 'b'.repeat(64), digestsign: 'c2ln' };
const stream = { dProtocol: 'mqtt', streamId: 7, streamFileId: 1, size: 10, sign: 'b'.repeat(64) };
const extData = { list: [{ deep: 'x' }] };
const noticeOf = (data: object) =>
  parseNotice(Buffer.from(JSON.stringify({ id: 1, data: { version: '2', signMethod: 'SHA256', ...data } })));
const DOWNLOADING = {
  state: 'downloading',
  notice: noticeOf({ ...file, module: 'MCU', isDiff: 1, extData }),
  repeated: true,
} as const satisfies Upgrade;

describe('the file of an upgrade', () => {
  let path: string;

  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'ota-state-')), 'device', 'default.state');
  });
  afterEach(() => rm(dirname(dirname(path)), { recursive: true }));

  it('is not needed at the first start', async () => {
    assert.equal(await fileStateStore(path).load(), undefined);
  });

  it('remembers the last state across restarts, for its owner only', async () => {
    const upgrades: Upgrade[] = [
      { state: 'waiting', notice: noticeOf(stream), repeated: true },
      { state: 'failed', version: '2' },
      { state: 'failed', version: '2', unsent: { step: -4, desc: '' } },
      { state: 'idle' },
      DOWNLOADING,
    ];
    for (const upgrade of upgrades) {
      await fileStateStore(path).save(upgrade);
      const loaded = await fileStateStore(path).load();
      assert.deepEqual(JSON.parse(JSON.stringify(loaded)), JSON.parse(JSON.stringify(upgrade)));
    }
    assert.deepEqual(await readdir(dirname(path)), ['default.state']);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
  });

  it('survives what a crash has left of its successor', async () => {
    await fileStateStore(path).save(DOWNLOADING);
    await writeFile(`${path}.new`, '{"state":"do');
    assert.equal((await fileStateStore(path).load())?.state, 'downloading');
    await fileStateStore(path).save({ state: 'done', version: '2' });
    assert.equal((await fileStateStore(path).load())?.state, 'done');
  });

  it('says when it is damaged, or too large, without quoting it', async () => {
    await fileStateStore(path).save(DOWNLOADING);
    const { size } = await stat(path);
    await truncate(path, size - 20);
    await assert.rejects(fileStateStore(path).load(), (error: Error) => {
      assert.match(error.message, /default\.state is damaged/);
      assert.doesNotMatch(error.message, /Signature/);
      return true;
    });
    await truncate(path, 2 ** 22);
    await assert.rejects(fileStateStore(path).load(), /no state of an upgrade/);
  });

  it('remembers the largest notice, whose numbers are longer when they are written anew', async () => {
    const numbers = Array(51_000).fill('1e20').join();
    const text = JSON.stringify({
      data: { version: '2', signMethod: 'SHA256', ...file, extData: { list: [] } },
    });
    const notice = parseNotice(Buffer.from(text.replace('[]', `[${numbers}]`)));
    await fileStateStore(path).save({ state: 'notified', notice });
    assert.ok((await stat(path)).size > 2 ** 20);
    assert.deepEqual((await fileStateStore(path).load())?.state, 'notified');
  });

  for (const [what, unsent] of [
    ['no step', { desc: 'x' }],
    ['a step that is no failure', { step: 1, desc: 'x' }],
    ['no text', { step: -1 }],
    ['a text that is too long', { step: -1, desc: 'x'.repeat(257) }],
  ] as const) {
    it(`is no upgrade with a failure of ${what}`, () =>
      assert.equal(parseUpgrade(JSON.stringify({ state: 'failed', version: '2', unsent })), undefined));
  }

  for (const [what, change] of [
    ['a state that there is none of', { state: 'flying' }],
    ['no notice', { notice: undefined }],
    ['no files', { notice: { ...DOWNLOADING.notice, files: [] } }],
    ['a file that leads out of the directory', fileWith({ name: '../f' })],
    ['a file without digest', fileWith({ sign: '' })],
    ['a file with a digest of another length', fileWith({ sign: 'b'.repeat(32) })],
    ['a file of no size', fileWith({ size: 0 })],
    ['a file from nowhere', fileWith({ url: undefined })],
    ['a file from two places', fileWith({ stream: { streamId: 1, fileId: 1 } })],
  ] as const) {
    it(`is no upgrade with ${what}`, () => {
      assert.ok(parseUpgrade(JSON.stringify(DOWNLOADING)));
      assert.equal(parseUpgrade(JSON.stringify({ ...DOWNLOADING, ...change })), undefined);
    });
  }

  it('is an upgrade or none, whatever it holds', () => {
    const text = JSON.stringify(DOWNLOADING);
    const cut = fc
      .tuple(fc.nat(text.length), fc.nat(20), fc.string())
      .map(([at, length, other]) => text.slice(0, at) + other + text.slice(at + length));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), cut), (found) => {
        const upgrade = parseUpgrade(found);
        assert.ok(upgrade === undefined || typeof upgrade.state === 'string');
      }),
      { numRuns: 500 },
    );
  });
});

function fileWith(change: object): object {
  return { notice: { ...DOWNLOADING.notice, files: [{ ...DOWNLOADING.notice.files[0], ...change }] } };
}
