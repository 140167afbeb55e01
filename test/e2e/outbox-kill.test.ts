/**
 * What a program has accepted for the cloud arrives though the program is killed (`kill -9`): all of it, in order, and
 * only what was under way twice.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cloud, type CloudDevice } from '../simulators/cloud';
import { button, failures, flow, node, say } from '../support/logged-flow';
import { NodeRed } from '../support/node-red';
import type { Told, Work } from '../support/posting-child';

const LAMP = {
  productKey: 'a1Survivor',
  deviceName: 'meter-1',
  deviceSecret: '0ddba11c0ffee00decafbad5eedf00d5',
};
const POSTS = 10_000;
const FLOW_POSTS = 200;
/** In Node-RED's user directory. */
const OUTBOX = 'aliyun-outbox';

/** `count` numbers from 0. */
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** So many may be under way. */
const WINDOW = 16;
/** Without what has come before. */
const withoutRepeats = (list: number[]) => [...new Set(list)];
/** What has come before. */
const repeatsIn = (list: number[]) => list.filter((n, index) => list.indexOf(n) < index);

describe('the file outbox of a program that is killed', function () {
  this.timeout(180_000);
  let cloud: Cloud;
  let meter: CloudDevice;
  let directory: string;
  /** What the cloud has got, in its order. */
  let arrived: number[];
  const children = new Set<ChildProcess>();

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [LAMP] });
    meter = cloud.device(LAMP.deviceName);
    directory = mkdtempSync(join(tmpdir(), 'mialink-outbox-'));
    arrived = [];
    meter.on('post', ({ params }) => arrived.push(numberIn(params)));
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    await cloud.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A program that posts the numbers `from` .. `to` - 1, and what it tells. */
  function start(from: number, to: number) {
    const child = fork(join(__dirname, '../support/posting-child.ts'), { execArgv: ['--import', 'tsx'] });
    children.add(child);
    const accepted: number[] = [];
    const kept = new Promise<number>((resolve) => {
      child.on('message', (told: Told) => {
        if ('accepted' in told) accepted.push(told.accepted);
        else resolve(told.kept);
      });
    });
    const settings = {
      ...LAMP,
      ...({ endpoint: `127.0.0.1:${cloud.tcpPort}`, transport: 'tcp', uplinkRate: 0 } as const),
    };
    const work: Work = { settings, directory, from, to };
    child.send(work);
    return { child, accepted, kept };
  }

  async function kill(child: ChildProcess): Promise<void> {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    assert.deepEqual(await exited, [null, 'SIGKILL']);
  }

  async function untilArrived(done: () => boolean): Promise<void> {
    while (!done()) await once(meter, 'post');
  }

  it('delivers 10,000 posts that were pending, in order, none twice', async () => {
    await cloud.stopBroker();
    const before = start(0, POSTS);
    assert.equal(await before.kept, POSTS);
    await kill(before.child);
    await cloud.startBroker();
    const after = start(POSTS, POSTS + 1);
    await untilArrived(() => arrived.at(-1) === POSTS);
    assert.deepEqual(arrived, numbers(POSTS + 1));
    await kill(after.child);
    assert.deepEqual(before.accepted, numbers(POSTS));
  });

  it('delivers them though it is killed again and again while it does', async () => {
    await cloud.stopBroker();
    const posts = 4_000;
    const before = start(0, posts);
    await before.kept;
    await kill(before.child);
    await cloud.startBroker();
    const stops = [1, 1_500, 2_500, 2_503, 3_990];
    for (const stop of stops) {
      const { child } = start(0, 0);
      await untilArrived(() => new Set(arrived).size >= stop);
      await kill(child);
    }
    start(0, 0);
    await untilArrived(() => arrived.at(-1) === posts - 1);
    assert.deepEqual(withoutRepeats(arrived), numbers(posts));
    // Those under way at each end: their replies, or that to one before them, did not get through.
    assert.ok(arrived.length - posts <= stops.length * WINDOW, `${arrived.length - posts} came twice`);
  });

  it('delivers what it had accepted when it was killed in mid-acceptance', async () => {
    await cloud.stopBroker();
    const accepted: number[] = [];
    for (const [from, enough] of [
      [0, 1],
      [10_000, 300],
      [20_000, 1_000],
    ] as const) {
      const before = start(from, from + 2_000);
      while (before.accepted.length < enough) await once(before.child, 'message');
      await kill(before.child);
      accepted.push(...before.accepted);
    }
    await cloud.startBroker();
    start(30_000, 30_001);
    await untilArrived(() => arrived.at(-1) === 30_000);
    const got = new Set(arrived);
    assert.deepEqual(
      accepted.filter((n) => !got.has(n)),
      [],
    );
    assert.deepEqual(
      arrived,
      [...got].sort((one, other) => one - other),
      'in order, none twice',
    );
  });

  it('repeats only the posts whose replies were lost', async () => {
    await cloud.stopBroker();
    const before = start(0, 200);
    await before.kept;
    await kill(before.child);
    // The connection breaks with the post carried out.
    const lost = new Set([3, 77, 150]);
    const cuts = [...lost];
    cloud.knobs.dropReplyTo = ({ params }) => lost.has(numberIn(params));
    meter.on('post', ({ params }) => {
      if (lost.delete(numberIn(params))) meter.cut();
    });
    await cloud.startBroker();
    start(200, 201);
    await untilArrived(() => arrived.at(-1) === 200);
    const twice = repeatsIn(arrived);
    // With those that were under way beside them.
    for (const n of cuts) assert.ok(twice.includes(n), `${n} came once`);
    assert.ok(
      twice.every((n) => cuts.some((cut) => Math.abs(n - cut) < WINDOW)),
      `${twice} came twice`,
    );
    assert.deepEqual(withoutRepeats(arrived), numbers(201));
  });

  it('delivers what a real Node-RED had put into it', async () => {
    await cloud.stopBroker();
    const before = await NodeRed.start();
    const after = await NodeRed.start();
    try {
      await before.deploy(meterFlow());
      await before.inject('count');
      const kept = () => before.log.filter((line) => /"queued":true/.test(line));
      while (kept().length < FLOW_POSTS) await once(before, 'line');
      assert.ok(before.pid);
      process.kill(before.pid, 'SIGKILL');
      while (before.running) await new Promise(setImmediate);
      cpSync(join(before.userDir, OUTBOX), join(after.userDir, OUTBOX), { recursive: true });
      await cloud.startBroker();
      await after.deploy(meterFlow());
      await untilArrived(() => arrived.at(-1) === FLOW_POSTS - 1);
      assert.deepEqual(arrived, numbers(FLOW_POSTS));
    } finally {
      await Promise.all([before.close(), after.close()]);
    }
  });

  /** Counts, and posts each number. */
  function meterFlow() {
    const { deviceSecret, ...triple } = LAMP;
    const settings = {
      endpoint: `127.0.0.1:${cloud.tcpPort}`,
      transport: 'tcp',
      outbox: 'file',
      uplinkRate: 0,
    };
    const rules = [{ t: 'set', p: 'payload', pt: 'msg', to: '{"n": payload}', tot: 'jsonata' }];
    return flow(
      { id: 'meter', type: 'aliyun-device', ...triple, ...settings, credentials: { deviceSecret } },
      button('count', `[0..${FLOW_POSTS - 1}]`, 'each'),
      node('each', 'split', { arraySplt: 1, arraySpltType: 'len', wires: [['number']] }),
      node('number', 'change', { rules, wires: [['post']] }),
      node('post', 'aliyun-property', { device: 'meter', wires: [['text-posted'], []] }),
      ...say('posted', '$string(aliyun)'),
      failures(),
    );
  }
});

function numberIn(params: unknown): number {
  const { n } = params as { n: number | { value: number } };
  return typeof n === 'number' ? n : n.value;
}
