/** The conversation with a device that behaves: results, ids, the queue, the deadline and the end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import sinon from 'sinon';
import { MialinkError } from '../../../lib/errors';
import type { SimulatedDevice } from '../../simulators/home';
import { because, Client, pluggedIn } from './conversation';

const methods = {
  fail: () => {
    throw { code: -5001, message: 'invalid_arg' };
  },
  first: (params: unknown) => (Array.isArray(params) ? params[0] : undefined),
};

describe('a miIO session', () => {
  let device: SimulatedDevice;
  let client: Client;

  beforeEach(async () => {
    device = await pluggedIn({ methods });
    client = new Client(device);
  });

  afterEach(async () => {
    await client.close();
    await device.stop();
  });

  it('carries a command out and gives its result', async () => {
    const answer = await client.call('set_power', ['on']);
    assert.deepEqual(answer.result, ['ok']);
    assert.equal(device.get('power'), 'on');
    assert.equal(answer.id, device.executed[0]?.id);
    assert.ok(answer.durationMs >= 0 && answer.durationMs < 5_000);
    assert.equal(client.session.deviceId, device.did);
    assert.equal(client.session.address, device.address);
    assert.deepEqual(client.states, ['connecting', 'connected']);
  });

  it('knows that 0, null, false, an empty text, array or object are results too', async () => {
    for (const result of [0, null, false, '', [], {}, { nested: [null] }]) {
      assert.deepEqual(await client.result('first', [result]), result);
    }
    assert.equal(device.executed.length, 7);
  });

  it('passes on what the device itself says when it refuses, and stays connected', async () => {
    await assert.rejects(client.call('fail'), (error) => {
      assert.ok(error instanceof MialinkError);
      assert.equal(error.code, 'DEVICE');
      assert.deepEqual(error.peer, { code: -5001, message: 'invalid_arg' });
      assert.match(
        error.message,
        /^the lamp refused fail: -5001 invalid_arg \(it does not accept these params/,
      );
      return true;
    });
    assert.equal(client.session.state, 'connected');
    await assert.rejects(client.call('no_such_method'), because('deviceRefused', /-32601/));
  });

  it('starts its ids at random in a wide range and counts on from there', async () => {
    const starts = new Set<number>();
    for (const session of [client, new Client(device), new Client(device)]) {
      const ids: number[] = [];
      for (let call = 0; call < 3; call++) ids.push((await session.call('echo')).id);
      const [first = 0] = ids;
      assert.deepEqual(ids, [first, first + 1, first + 2]);
      assert.ok(first >= 100_000 && first < 2 ** 30);
      starts.add(first);
      if (session !== client) await session.close();
    }
    assert.equal(starts.size, 3);
  });

  it('has one command in flight, in the order of the calls', async () => {
    device.faults.delayMs = 20;
    let underWay = 0;
    device.on('command', () => assert.equal(++underWay, 1));
    device.on('executed', () => underWay--);
    const results = await Promise.all([1, 2, 3, 4].map((n) => client.result('echo', [n])));
    assert.deepEqual(results, [[1], [2], [3], [4]]);
    assert.deepEqual(
      device.executed.map(({ params }) => params),
      [[1], [2], [3], [4]],
    );
  });

  it('does not wait for one device to speak to another', async () => {
    const other = await pluggedIn({ did: '42' });
    const otherClient = new Client(other, { socket: client.socket });
    device.faults.silent = true;
    const stuck = client.call('echo', [], { timeoutMs: 300 });
    try {
      assert.deepEqual(await otherClient.result('echo', ['other']), ['other']);
      await assert.rejects(stuck, because('noAnswer'));
    } finally {
      otherClient.session.close();
      await other.stop();
    }
  });

  it('counts the time in the queue into the deadline', async () => {
    device.faults.delayMs = 150;
    const first = client.call('echo', ['slow']);
    await assert.rejects(
      client.call('echo', ['late'], { timeoutMs: 50 }),
      because('notSent', /commands before it/),
    );
    await first;
    assert.deepEqual(await client.result('echo', ['third']), ['third']);
    assert.deepEqual(
      device.executed.map(({ params }) => params),
      [['slow'], ['third']],
    );
    assert.equal(client.session.state, 'connected');
  });

  it('lets a hundred commands wait and refuses the next', async () => {
    device.faults.silent = true;
    const waiting = Array.from({ length: 100 }, () => client.call('echo'));
    await assert.rejects(client.call('echo'), because('queueFull', /100 commands are waiting/));
    const outcomes = Promise.allSettled(waiting);
    client.session.close();
    for (const outcome of await outcomes) {
      assert.ok(outcome.status === 'rejected' && because('closed')(outcome.reason));
    }
  });

  it('refuses what fits into no datagram, and what JSON cannot express', async () => {
    await assert.rejects(client.call('echo', ['x'.repeat(65_500)]), because('requestTooLong', /echo is/));
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const params of [cycle, [10n]]) {
      await assert.rejects(client.call('echo', params), because('paramsInvalid', /cycle or a BigInt/));
    }
    const long = ['x'.repeat(60_000)];
    assert.deepEqual(await client.result('echo', long), long);
  });

  it('ends with every command cancelled, and sends nothing more', async () => {
    await client.warmUp();
    device.faults.silent = true;
    const commands = [client.call('echo'), client.call('echo')];
    await once(device, 'command');
    client.session.close();
    for (const command of commands) await assert.rejects(command, because('closed'));
    await assert.rejects(client.call('echo'), because('closed'));
    const sent: string[] = [];
    device.on('command', () => sent.push('command'));
    device.on('hello', () => sent.push('hello'));
    await new Promise((resolve) => setTimeout(resolve, 450));
    assert.deepEqual(sent, []);
    assert.deepEqual(client.states, ['connecting', 'connected', 'closed']);
  });

  it('keeps no timer behind when all is done', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await client.call('echo');
      device.faults.silentCommands = true;
      const stuck = client.call('echo');
      await once(device, 'command');
      assert.ok(clock.countTimers() > 0);
      client.session.close();
      await assert.rejects(stuck, because('closed'));
      await nextTurn();
      assert.equal(clock.countTimers(), 0);
    } finally {
      clock.restore();
    }
  });
});
