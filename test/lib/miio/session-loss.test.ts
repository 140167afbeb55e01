/** Packets that get lost, late, twice or out of order, and devices that restart: the command still runs, once. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import type { SimulatedDevice } from '../../simulators/home';
import { because, Client, passUntil, pluggedIn } from './conversation';
import { Puppet } from './puppet';

/** Loses the next `count` numbers' worth of datagrams, and none after them. */
const loseNext = (count: number) => {
  let left = count;
  return () => (left-- > 0 ? 0 : 1);
};

describe('a miIO session on a bad network', () => {
  let device: SimulatedDevice;
  let client: Client;

  beforeEach(async () => {
    device = await pluggedIn();
    client = new Client(device);
    await client.warmUp('toggle');
    device.received.length = 0;
    device.executed.length = 0;
  });

  afterEach(async () => {
    await client.close();
    await device.stop();
  });

  it('sends the same packet again when the request was lost', async () => {
    const sent = await client.call('toggle');
    device.faults.lossIn = 0.5;
    device.faults.random = loseNext(1);
    const { id } = await client.call('toggle');
    assert.deepEqual(
      device.received.map((one) => one.id),
      [sent.id, id],
    );
    assert.equal(id, sent.id + 1);
  });

  it('asks under a new id, with a new hello meanwhile, when the answer was lost', async () => {
    const hellos = sinon.spy();
    device.on('hello', hellos);
    device.faults.lossOut = 0.5;
    device.faults.random = loseNext(1);
    const { id, result } = await client.call('toggle');
    assert.deepEqual(result, ['ok']);
    const ids = device.received.map((one) => one.id);
    const [first = 0] = ids;
    assert.deepEqual(ids, [first, first, first, first + 1], 'three packets in the first try');
    assert.equal(id, first + 1);
    assert.equal(hellos.callCount, 1);
  });

  it('does not let repeats within a try run the command twice', async () => {
    device.faults.delayMs = 500;
    assert.deepEqual((await client.call('toggle')).result, ['ok']);
    const ids = device.received.map((one) => one.id);
    assert.ok(ids.length > 1, 'it was repeated');
    assert.equal(new Set(ids).size, 1);
    assert.equal(device.executed.length, 1);
  });

  it('with retries 0 sends exactly one datagram, whatever happens', async () => {
    device.faults.silentCommands = true;
    const failed = client.call('toggle', [], { retries: 0, timeoutMs: 800 });
    await assert.rejects(failed, because('noAnswer', /within 800 ms/));
    assert.equal(device.received.length, 1);
  });

  it('gives up at its deadline, with one id for the command and one for each retry at most', async () => {
    device.faults.silentCommands = true;
    const startedAt = performance.now();
    const failed = client.call('toggle', [], { retries: 1, timeoutMs: 2_300 });
    await assert.rejects(failed, because('commandIgnored', /answers hello, but did not answer toggle/));
    const elapsedMs = performance.now() - startedAt;
    assert.ok(elapsedMs > 2_200 && elapsedMs < 2_800, `${elapsedMs} ms`);
    assert.equal(new Set(device.received.map((one) => one.id)).size, 2);
    assert.equal(client.session.state, 'connected', 'it answers hello');
  });

  it('heals without a new id when the device has restarted and its clock with it', async () => {
    const stale = sinon.spy();
    device.on('dropped', stale);
    await device.reboot();
    const { durationMs } = await client.call('toggle', [], { timeoutMs: 10_000 });
    assert.ok(stale.called && stale.alwaysCalledWithExactly('stamp'));
    assert.ok(durationMs < 600, `${durationMs} ms`);
    assert.deepEqual(
      device.received.map(({ method }) => method),
      ['toggle'],
    );
    assert.equal(device.executed.length, 1);
  });

  it('heals within one retry when the clock of the restarted device is ahead of what it told last', async () => {
    await device.stop();
    Object.assign(device.options, { stamp: 5 });
    const late = new Client(device, { socket: client.socket });
    await device.start();
    await late.warmUp('toggle');
    device.executed.length = 0;
    Object.assign(device.options, { stamp: 1_000 });
    await device.stop();
    await device.start();
    const { durationMs } = await late.call('toggle', [], { timeoutMs: 10_000 });
    assert.ok(durationMs < 2_000, `${durationMs} ms`);
    assert.equal(device.executed.length, 1);
    late.session.close();
  });

  it('is not confused by answers that come twice or overtake each other', async () => {
    device.faults.duplicate = true;
    for (let n = 0; n < 20; n++) assert.deepEqual(await client.result('echo', [n]), [n]);
    device.faults.duplicate = false;
    device.faults.reorder = true;
    for (let n = 0; n < 5; n++) assert.deepEqual(await client.result('echo', [n]), [n]);
  });

  it('uses no more ids than its retries allow when some packets cannot be sent', async () => {
    device.faults.silentCommands = true;
    const send = client.socket.send.bind(client.socket);
    let packets = 0;
    sinon.stub(client.socket, 'send').callsFake((packet, port, address, onSent) => {
      if (packets++ % 3 === 1) onSent(new Error('no route'));
      else send(packet, port, address, onSent);
    });
    await assert.rejects(client.call('toggle', [], { retries: 1, timeoutMs: 1_500 }));
    assert.equal(new Set(device.received.map(({ id }) => id)).size, 2);
  });
});

describe('a slow miIO device', () => {
  let puppet: Puppet;
  let client: Client;

  beforeEach(async () => {
    puppet = await Puppet.open();
    client = new Client(puppet);
    await client.warmUp('work');
    puppet.requests.length = 0;
    puppet.hellos = 0;
  });

  afterEach(async () => {
    await client.close();
    await puppet.close();
  });

  it('settles a command by a late answer to its first id, when the second is under way', async () => {
    puppet.onRequest = (request) => {
      const [first] = puppet.requests;
      if (first && request.id !== first.id) puppet.result(first, ['late']);
    };
    const { id, result } = await client.call('work');
    assert.deepEqual(result, ['late']);
    assert.equal(id, puppet.requests[0]?.id);
    assert.deepEqual(await queued(client, puppet), ['next']);
  });

  it('settles it so also while the new hello waits for its answer', async () => {
    puppet.onRequest = () => undefined;
    puppet.onHello = () => {
      const [first] = puppet.requests;
      if (first) puppet.result(first, ['late']);
    };
    const { result, durationMs } = await client.call('work', [], { timeoutMs: 3_000 });
    assert.deepEqual(result, ['late']);
    assert.ok(durationMs < 2_000);
    assert.equal(new Set(puppet.requests.map(({ id }) => id)).size, 1, 'it was not sent under a second id');
    assert.equal(client.session.state, 'connected');
  });

  it('changes nothing when it answers after the deadline', async () => {
    puppet.onRequest = () => undefined;
    await assert.rejects(client.call('work', [], { timeoutMs: 100 }), because('noAnswer'));
    const [first] = puppet.requests;
    assert.ok(first);
    puppet.result(first, ['too late']);
    assert.deepEqual(await queued(client, puppet), ['next']);
  });

  it('is sent a stamp that wraps at 32 bits, as the clock of the device does', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const late = new Client(
      { address: puppet.address, port: puppet.port, token: Puppet.token },
      { socket: client.socket },
    );
    try {
      puppet.stamp = 2 ** 32 - 3;
      await late.warmUp();
      clock.tick(10_000);
      await late.call('work');
      assert.equal(puppet.requests.at(-1)?.stamp, 7);
    } finally {
      late.session.close();
      clock.restore();
    }
  });
});

describe('a miIO device whose clock stands still', () => {
  it('is not taken for one that has restarted', async () => {
    const puppet = await Puppet.open();
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const client = new Client(puppet);
    try {
      await client.warmUp('work');
      clock.tick(10_000);
      puppet.requests.length = 0;
      puppet.onRequest = () => undefined;
      const command = client.call('work', [], { timeoutMs: 500 }).catch(() => undefined);
      await passUntil(clock, command);
      assert.ok(puppet.hellos > 1);
      assert.equal(puppet.requests.length, 2, 'the command and one repeat');
    } finally {
      await client.close();
      clock.restore();
      await puppet.close();
    }
  });
});

/** The result of another command, answered at once with ["next"]. */
function queued(client: Client, puppet: Puppet): Promise<unknown> {
  puppet.onHello = (from) => puppet.send(puppet.helloReply(), from);
  puppet.onRequest = (request) => puppet.result(request, ['next']);
  return client.result('work');
}
