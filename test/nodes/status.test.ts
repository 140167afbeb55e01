/** What a status says where several things can be said, and its numbers: there at once, but not one status for each change. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Node, NodeStatus } from 'node-red';
import sinon, { type SinonFakeTimers } from 'sinon';
import { deferred } from '../../lib/wait';
import { StatusLight } from '../../nodes/status';

describe('a status that counts what waits', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });
  afterEach(() => clock.restore());

  function counting() {
    const shown: (string | undefined)[] = [];
    const node = { type: 'aliyun-property', status: ({ text }: NodeStatus) => shown.push(text) };
    const light = new StatusLight(node as unknown as Node);
    const device = new EventEmitter();
    const waiting = { kept: 0, inLine: 0 };
    const stop = light.count(device, {
      queued: () => `${waiting.kept} kept`,
      busy: () => (waiting.inLine > 1 ? `${waiting.inLine} in line` : undefined),
    });
    const keep = (kept: number) => {
      waiting.kept = kept;
      device.emit('kept');
    };
    light.showConnection('disconnected');
    shown.length = 0;
    return { light, device, waiting, shown, stop, keep };
  }

  it('has the number at once', async () => {
    const { light, shown, stop, keep } = counting();
    keep(12);
    await light.during(
      async () => 'queued' as const,
      (outcome) => outcome,
    );
    assert.deepEqual(shown, ['aliyun-property.status.busy', '12 kept']);
    stop();
  });

  it('follows the outbox twice a second at most, and has the right number in the end', () => {
    const { light, shown, stop, keep } = counting();
    keep(1);
    light.show('queued');
    for (let kept = 2; kept <= 2_000; kept++) {
      keep(kept);
      clock.tick(1);
    }
    clock.tick(500);
    assert.deepEqual([shown.length, shown.at(0), shown.at(-1)], [5, '1 kept', '2000 kept']);
    stop();
  });

  it('does not show the same number again', () => {
    const { light, shown, stop, keep } = counting();
    keep(1);
    light.show('queued');
    keep(2);
    keep(1);
    clock.tick(10_000);
    assert.deepEqual(shown, ['1 kept']);
    stop();
  });

  it('tells nothing of the outbox where something else is shown meanwhile', () => {
    const { light, shown, stop, keep } = counting();
    keep(1);
    light.show('queued');
    keep(2);
    light.showConnection('connected');
    keep(3);
    clock.tick(10_000);
    assert.deepEqual(shown, ['1 kept', 'aliyun-property.status.connected']);
    stop();
  });

  it('says how many wait for their turn while messages come and go', async () => {
    const { light, waiting, shown, stop } = counting();
    const [one, two] = [deferred<void>(), deferred<void>()];
    const ended = [light.during(() => one.promise)];
    waiting.inLine = 30;
    ended.push(light.during(() => two.promise));
    clock.tick(500);
    waiting.inLine = 1;
    one.resolve();
    await ended[0];
    clock.tick(500);
    two.resolve();
    await ended[1];
    const key = 'aliyun-property.status';
    assert.deepEqual(shown, [`${key}.busy`, '30 in line', `${key}.busy`, `${key}.done`]);
    stop();
  });

  it('is left alone after the node has stopped', () => {
    const { light, device, shown, stop, keep } = counting();
    keep(1);
    light.show('queued');
    keep(2);
    stop();
    keep(3);
    assert.equal(clock.countTimers(), 0);
    assert.equal(device.listenerCount('kept'), 0);
    assert.deepEqual(shown, ['1 kept']);
  });
});

describe('a status', () => {
  function lit() {
    const shown: (string | undefined)[] = [];
    const status = ({ text }: NodeStatus) => shown.push(text?.replace(/^.*\./, ''));
    return { light: new StatusLight({ type: 'miio-command', status } as unknown as Node), shown };
  }
  const failing = (light: StatusLight) =>
    assert.rejects(light.during(() => Promise.reject(new Error('the device does not answer'))));

  for (const connection of ['refused', 'misconfigured', 'no-device'] as const) {
    it(`goes on saying ${connection} when an operation fails, since that says why`, async () => {
      const { light, shown } = lit();
      light.showConnection(connection);
      await failing(light);
      assert.deepEqual(shown, [connection, 'busy', connection]);
    });
  }

  it('says failed where the connection does not say why', async () => {
    const { light, shown } = lit();
    light.showConnection('disconnected');
    await failing(light);
    assert.equal(shown.at(-1), 'failed');
  });

  it('says queued, also while the sign-in is refused', async () => {
    const { light, shown } = lit();
    light.showConnection('refused');
    await light.during(
      async () => 'queued' as const,
      (outcome) => outcome,
    );
    assert.equal(shown.at(-1), 'queued');
  });

  it('says that what is watched has no value, while the device is connected', () => {
    const { light, shown } = lit();
    light.showConnection('connected');
    light.showWatch('failed');
    light.showConnection('disconnected');
    light.showConnection('connected');
    light.showWatch('connected');
    assert.deepEqual(shown, ['connected', 'failed', 'disconnected', 'failed', 'connected']);
  });
});
