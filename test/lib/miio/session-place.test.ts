/** Where the device is: whoever answers hello may be a stranger, whoever answers a command is not. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { because, Client, passUntil, reaches } from './conversation';
import { Puppet } from './puppet';

const ID = '4711';
const silent = () => undefined;

describe('a miIO session whose device another pretends to be', () => {
  let device: Puppet;
  let stranger: Puppet;
  let client: Client;

  beforeEach(async () => {
    device = await Puppet.open();
    stranger = await Puppet.open('127.54.7.66', device.port);
    stranger.onRequest = silent;
    client = new Client(device);
  });

  afterEach(async () => {
    await client.close();
    await device.close();
    await stranger.close();
  });

  const brief = { timeoutMs: 2_400, retries: 0 };

  const plug = (puppet: Puppet, answers: boolean) => {
    puppet.onHello = answers ? (from) => puppet.send(puppet.helloReply(), from) : silent;
    puppet.onRequest = answers ? (request) => puppet.result(request, ['ok']) : silent;
  };

  /** A search has met the stranger, and just then the device is without power. */
  const captured = async () => {
    plug(device, false);
    client.session.moved(stranger.address);
    client.session.startWatch(ID);
    await reaches(client.session, 'disconnected');
    await reaches(client.session, 'connected');
    client.session.stopWatch();
    assert.equal(client.session.address, stranger.address);
  };

  const warmUp = async () => {
    await client.warmUp();
    // So that the next command says hello first.
    plug(device, false);
    await assert.rejects(client.call('echo', [], { timeoutMs: 50, retries: 0 }), { code: 'TIMEOUT' });
  };

  it('goes back to its own place after one command', async () => {
    await warmUp();
    await captured();
    await assert.rejects(client.call('echo', [], brief), { code: 'TIMEOUT' });
    assert.ok(stranger.requests.length > 0);
    plug(device, true);
    for (let n = 0; n < 4; n++) assert.deepEqual(await client.result('echo', [], brief), ['ok']);
    assert.equal(client.session.address, device.address);
  });

  it('does not blame the token for what the stranger does not answer', async () => {
    await warmUp();
    await captured();
    for (let n = 0; n < 3; n++) {
      await assert.rejects(client.call('echo', [], brief), { code: 'TIMEOUT' });
      assert.notEqual(client.session.state, 'refused');
    }
  });

  it('goes back even when its caller gives every command up', async () => {
    await warmUp();
    await captured();
    const given = { signal: AbortSignal.timeout(200) };
    await assert.rejects(client.call('echo', [], given), because('aborted'));
    plug(device, true);
    assert.deepEqual(await client.result('echo', [], brief), ['ok']);
  });

  it('goes back with the retry, within the same command', async () => {
    await warmUp();
    await captured();
    plug(device, true);
    assert.deepEqual(await client.result('echo', [], { timeoutMs: 10_000, retries: 1 }), ['ok']);
    assert.ok(stranger.requests.length > 0);
  });

  it('does not listen to a stranger whom it does not ask', async () => {
    await warmUp();
    await captured();
    await assert.rejects(client.call('echo', [], brief), { code: 'TIMEOUT' });
    plug(device, true);
    device.onHello = (from) => {
      stranger.send(stranger.helloReply(), from);
      setTimeout(() => device.send(device.helloReply(), from), 50);
    };
    assert.deepEqual(await client.result('echo', [], brief), ['ok']);
    assert.equal(client.session.address, device.address);
  });

  it('finds its own place though nothing was ever answered there', async () => {
    const located = new Client(
      { address: device.address, port: device.port, token: Puppet.token },
      { socket: client.socket, locate: async () => stranger.address },
    );
    plug(device, false);
    const named = { ...brief, deviceId: ID };
    await assert.rejects(located.call('echo', [], named), because('tokenRejected'));
    plug(device, true);
    assert.deepEqual(await located.result('echo', [], named), ['ok']);
    located.session.close();
  });

  it('follows a device that has moved, also when its first command there is lost', async () => {
    await warmUp();
    await captured();
    await assert.rejects(client.call('echo', [], brief), { code: 'TIMEOUT' });
    // No stranger, after all.
    plug(stranger, true);
    for (let n = 0; n < 2; n++) assert.deepEqual(await client.result('echo', [], brief), ['ok']);
    assert.equal(client.session.address, stranger.address);
    const { hellos } = device;
    stranger.onRequest = silent;
    await assert.rejects(client.call('echo', [], { timeoutMs: 200, retries: 0 }), { code: 'TIMEOUT' });
    plug(stranger, true);
    assert.deepEqual(await client.result('echo', [], brief), ['ok']);
    assert.equal(device.hellos, hellos, 'where it has answered a command, one silence proves nothing');
  });

  it('finds a slow device that has moved, within one command', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      device.onRequest = (request) => setTimeout(() => device.result(request, ['ok']), 1_000);
      await passUntil(clock, client.call('echo'));
      plug(device, false);
      plug(stranger, true);
      client.session.moved(stranger.address);
      const answer = client.result('echo', [], { timeoutMs: 10_000 });
      await passUntil(
        clock,
        answer.catch(() => undefined),
      );
      assert.deepEqual(await answer, ['ok']);
      assert.equal(client.session.address, stranger.address);
    } finally {
      clock.restore();
    }
  });
});
