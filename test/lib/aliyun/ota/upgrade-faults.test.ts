/** What goes wrong on the way from the server to the disk, and what the cloud, the flow and the disk have of it in the end. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import sinon from 'sinon';
import type { Reason } from '../../../../lib/errors';
import { content, type Fault, FaultBench, RETRIES, STATE_FILE, VERSION } from './upgrade-fault-bench';

const HALF = content.length / 2;
const LAST = content.length - 1;
const TRIES = 1 + RETRIES;
const GIGABYTE = 2 ** 30;
const PETABYTE = 2 ** 50;

interface Failure extends Fault {
  what: string;
  /** The last state before `failed`: undefined if there was none. */
  state?: 'downloading' | 'verifying';
  /** To the cloud, once, and nothing after it. */
  step: -1 | -2 | -3;
  reason: Reason;
  /** In the error, and in what the cloud is told. */
  text: RegExp;
  /** How often the server is asked. */
  requests: number;
  /** How often the cloud is asked for another address; default: never. */
  asked?: number;
  /** What is in the directory besides the state; default: nothing. */
  left?: (bench: FaultBench) => string[];
}

/** Breaks the connection there, at every try. */
const cutAt =
  (end: number): Fault['answer'] =>
  ({ server }, request, response) =>
    server.cutAt(end, content, request, response);

/** Is open for ever, but sends nothing beyond that, which may differ from try to try. */
const silentAfter =
  (end: (count: number) => number): Fault['answer'] =>
  (bench, request, response, count) =>
    bench.silentAfter(end(count), request, response);

const CUTS: Failure[] = [
  ['before the first byte', 0],
  ['in the middle', HALF],
  ['before the last byte', LAST],
].map(([where, end]) => ({
  what: `whose connection is cut ${where}, again and again`,
  answer: cutAt(Number(end)),
  state: 'downloading',
  step: -2,
  reason: 'otaDownloadFailed',
  text: /the firmware download failed/,
  requests: TRIES,
}));

const SIZES: Failure[] = [
  {
    what: 'larger than its notice says',
    told: content.length - 1000,
    text: /300000 bytes instead of 299000/,
  },
  {
    what: 'smaller than its notice says',
    told: content.length + 1000,
    text: /300000 bytes instead of 301000/,
  },
  {
    what: 'larger than its notice says, from a server that does not tell',
    told: content.length - 1000,
    answer: withoutLength,
    text: /more bytes arrived than the 299000/,
  },
  {
    what: 'smaller than its notice says, from a server that does not tell',
    told: content.length + 1000,
    answer: withoutLength,
    text: /300000 bytes arrived instead of 301000/,
  },
  {
    what: 'without an end, though its notice promises a kilobyte',
    told: 1000,
    answer: neverEnding,
    text: /more bytes arrived than the 1000/,
  },
].map(({ told, ...rest }) => ({
  ...rest,
  notice: { size: told },
  state: 'downloading',
  step: -3,
  reason: 'otaVerifyFailed',
  requests: 1,
}));

const SILENCES: Failure[] = [
  {
    what: 'whose server goes silent in the middle',
    answer: silentAfter(() => HALF),
    text: / 0 bytes arrived within/,
  },
  {
    what: 'of which each try brings but a few bytes',
    answer: silentAfter((count) => 100 * count),
    text: / 100 bytes arrived within/,
  },
].map((silence) => ({
  ...silence,
  state: 'downloading',
  step: -2,
  reason: 'otaDownloadFailed',
  requests: TRIES,
}));

const ADDRESSES: Failure[] = [
  {
    what: 'whose address has expired, as the fresh one has',
    answer: (_bench, _request, response) => response.writeHead(403).end(),
    state: 'downloading',
    step: -2,
    reason: 'otaUrlExpired',
    text: /HTTP 403/,
    requests: 2,
    asked: 1,
  },
  {
    what: 'whose address expires in the middle, and the fresh one has expired as well',
    answer: (bench, request, response, count) => {
      if (count === 1) bench.server.cutAt(HALF, content, request, response);
      else response.writeHead(403).end();
    },
    state: 'downloading',
    step: -2,
    reason: 'otaUrlExpired',
    text: /HTTP 403/,
    requests: 3,
    asked: 1,
  },
  {
    what: 'whose address leads in a circle',
    answer: ({ server }, _request, response) => response.writeHead(302, { location: server.url() }).end(),
    state: 'downloading',
    step: -2,
    reason: 'otaDownloadFailed',
    text: /redirects more than 5 times/,
    requests: 6,
  },
];

const DIGESTS: Failure[] = [
  {
    what: 'with another digest than its notice says',
    notice: { sign: '0'.repeat(64) },
    state: 'verifying',
    step: -3,
    reason: 'otaVerifyFailed',
    text: /sha256 digest is another/,
    requests: 1,
  },
  {
    what: 'whose notice has no digest',
    notice: { sign: undefined },
    step: -1,
    reason: 'otaNoticeInvalid',
    text: /no digest/,
    requests: 0,
  },
];

const DISKS: Failure[] = [
  {
    what: 'that claims a gigabyte where less is allowed',
    notice: { size: GIGABYTE },
    maxSize: content.length,
    state: 'downloading',
    step: -2,
    reason: 'otaTooLarge',
    text: /1073741824 bytes, more than the 300000/,
    requests: 0,
  },
  {
    what: 'for which the disk has no room',
    notice: { size: PETABYTE },
    state: 'downloading',
    step: -2,
    reason: 'otaNoSpace',
    text: /make room/,
    requests: 0,
  },
  {
    what: 'that fills the disk on the way',
    fullAtPiece: 2,
    state: 'downloading',
    step: -2,
    reason: 'otaStorageFailed',
    text: /ENOSPC/,
    requests: 1,
  },
  {
    what: 'that cannot get its name, since a directory has it',
    onReceived: ({ directory, firmwareName }, received) => {
      if (received === content.length) mkdirSync(join(directory, firmwareName));
    },
    state: 'verifying',
    step: -2,
    reason: 'otaStorageFailed',
    text: /EISDIR|EEXIST|ENOTEMPTY|EPERM/,
    requests: 1,
    left: ({ firmwareName }) => [firmwareName],
  },
];

describe('a firmware upgrade', () => {
  let bench: FaultBench;

  afterEach(() => bench.close());

  for (const failure of [...CUTS, ...SIZES, ...SILENCES, ...ADDRESSES, ...DIGESTS, ...DISKS]) {
    const { what, state, step, reason, text, requests, asked = 0, left } = failure;

    it(`${what}, fails with step ${step}`, async () => {
      bench = await FaultBench.create(failure);
      bench.device.reply = bench.notice('/fresh.bin');
      if (failure.fullAtPiece) await fillDisk(failure.fullAtPiece);

      const client = await bench.run(failure);

      bench.assertFailed(client, step, reason);
      assert.equal(bench.device.steps.at(-1), String(step));
      assert.match(JSON.stringify(bench.device.sentTo('progress').at(-1)), text);
      assert.match(bench.told.failures[0]?.message ?? '', text);
      assert.deepEqual(bench.states, state ? [...statesUpTo(state), 'failed'] : ['failed']);
      assert.deepEqual(await bench.stateStore.load(), { state: 'failed', version: VERSION });
      assert.deepEqual(await bench.files(), [...(left?.(bench) ?? []), STATE_FILE].sort());
      assert.equal(bench.server.ranges.length, requests);
      assert.equal(bench.device.asked.length, asked);
      assert.deepEqual(bench.warnings, []);
    });
  }

  it('whose server answers 200 instead of 206 starts over, and succeeds', async () => {
    const fault: Fault = {
      answer: ({ server }, request, response, count) => {
        if (count === 1) server.cutAt(HALF, content, request, response);
        else response.writeHead(200, { 'content-length': content.length }).end(content);
      },
    };
    bench = await FaultBench.create(fault);
    const client = await bench.run(fault);
    const path = join(bench.directory, bench.firmwareName);
    assert.deepEqual(bench.told.firmware, [[path]]);
    assert.ok(content.equals(await readFile(path)));
    assert.equal(client.state, 'verified');
    assert.equal((await bench.stateStore.load())?.state, 'verified');
    assert.deepEqual([bench.device.steps[0], bench.device.steps.at(-1)], ['1', '100']);
    assert.deepEqual([bench.told.failures, bench.warnings], [[], []]);
    assert.deepEqual(bench.server.ranges, [undefined, `bytes=${HALF}-`]);
    // Hidden is the list of the firmware that is stored.
    const visible = (await bench.files()).filter((name) => !name.startsWith('.'));
    assert.deepEqual(visible, [bench.firmwareName, STATE_FILE]);
  });
});

function statesUpTo(state: 'downloading' | 'verifying'): string[] {
  const states = ['notified', 'downloading', 'verifying'];
  return states.slice(0, states.indexOf(state) + 1);
}

function withoutLength(_bench: FaultBench, _request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200).end(content);
}

function neverEnding(_bench: FaultBench, _request: IncomingMessage, response: ServerResponse): void {
  const flood = () => {
    while (!response.destroyed && response.write(content));
  };
  response.on('drain', flood).writeHead(200);
  flood();
}

/** Only for firmware: the state is written in another way. */
async function fillDisk(fromPiece: number): Promise<void> {
  const handle = await open(__filename, 'r');
  const appendFile = sinon.stub(Object.getPrototypeOf(handle), 'appendFile');
  await handle.close();
  appendFile.callsFake(async function (this: unknown, ...parameters) {
    if (appendFile.callCount >= fromPiece) throw new Error('ENOSPC: no space left on device, write');
    return appendFile.wrappedMethod.apply(this, parameters);
  });
}
