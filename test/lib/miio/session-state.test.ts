/** What the state and the error say about a device that is away, is another one, or has another token. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import sinon from 'sinon';
import { MialinkError } from '../../../lib/errors';
import type { SimulatedDevice } from '../../simulators/home';
import { because, Client, passUntil, pluggedIn, reaches } from './conversation';

const WRONG_TOKEN = '00000000000000000000000000000001';

describe('the state of a miIO session', () => {
  let device: SimulatedDevice;
  let client: Client;

  beforeEach(async () => {
    device = await pluggedIn();
    client = new Client(device);
  });

  afterEach(async () => {
    await client.close();
    await device.stop();
  });

  const brief = { timeoutMs: 200 };

  it('is refused while the token is wrong, and connected again when it is right', async () => {
    const token = device.token;
    device.resetToken(WRONG_TOKEN);
    const wrong = (error: unknown) => {
      assert.ok(because('tokenRejected', /token is probably wrong/)(error));
      assert.ok(error instanceof MialinkError && error.code === 'AUTH');
      return true;
    };
    await assert.rejects(client.call('echo', [], brief), wrong);
    assert.equal(client.session.state, 'refused');
    await assert.rejects(client.call('echo', [], brief), wrong);
    assert.equal(client.session.state, 'refused');
    device.resetToken(token);
    await client.call('echo');
    assert.deepEqual(client.states, ['connecting', 'connected', 'refused', 'connected']);
  });

  it('is refused when the device signs with another token', async () => {
    device.faults.corrupt = 'otherToken';
    await assert.rejects(client.call('echo', [], brief), because('tokenOther', /token in its settings/));
    assert.equal(client.session.state, 'refused');
    device.faults.corrupt = null;
    await client.call('echo');
    assert.equal(client.session.state, 'connected');
  });

  it('tells a token that was changed on the device, at the latest with the second command', async () => {
    await client.warmUp();
    device.resetToken(WRONG_TOKEN);
    await assert.rejects(client.call('echo', [], brief), because('noAnswer'));
    await assert.rejects(client.call('echo', [], brief), because('tokenRejected'));
    // In between it has answered hello once more.
    assert.deepEqual(client.states, ['connecting', 'connected', 'disconnected', 'connected', 'refused']);
  });

  it('does not doubt its token for commands that are given up before a slow device could have answered', async () => {
    device.faults.delayMs = 400;
    await client.call('echo');
    device.faults.silentCommands = true;
    for (const _ of [1, 2, 3]) {
      await assert.rejects(client.call('echo', [], brief), { code: 'TIMEOUT' });
      assert.notEqual(client.session.state, 'refused');
    }
  });

  it('is connected while a token that works is not doubted, for one method that the device ignores', async () => {
    await client.warmUp();
    device.faults.silentCommands = true;
    const method = { timeoutMs: 900 };
    for (const _ of [1, 2]) {
      await assert.rejects(client.call('unknown', [], method), because('commandIgnored'));
      assert.equal(client.session.state, 'connected');
    }
    await assert.rejects(client.call('another', [], method), because('commandIgnored'));
    await assert.rejects(client.call('unknown', [], method), because('tokenRejected'));
    assert.equal(client.session.state, 'refused');
  });

  it('explains the failure of every command that waits, not only of the one under way', async () => {
    device.resetToken('00112233445566778899aabbccddeeff');
    const both = [client.call('echo', [], brief), client.call('echo', [], brief)];
    for (const each of both) await assert.rejects(each, because('tokenRejected'));
    const nowhere = new Client({ address: '255.255.255.255', port: 9, token: device.token });
    const unsent = [nowhere.call('echo', [], brief), nowhere.call('echo', [], brief)];
    for (const each of unsent) await assert.rejects(each, because('unreachable'));
    await nowhere.close();
  });

  it('is not taken for a wrong token when somebody sends garbage in the name of a silent device', async () => {
    await client.warmUp();
    device.faults.corrupt = 'checksum';
    await assert.rejects(client.call('echo', [], brief), because('noAnswer'));
    assert.equal(client.session.state, 'disconnected');
  });

  it('survives a listener that throws', async () => {
    client.session.on('state', () => {
      throw new Error('a bug of the listener');
    });
    await client.call('echo');
    assert.equal(client.session.state, 'connected');
  });

  it('is disconnected when a device whose token was right is unplugged', async () => {
    await client.warmUp();
    await device.stop();
    for (const _ of [1, 2]) {
      await assert.rejects(client.call('echo', [], brief), because('noAnswer', /check that it is powered/));
    }
    assert.deepEqual(client.states, ['connecting', 'connected', 'disconnected']);
    assert.equal(client.session.deviceId, device.did, 'it is still known');
    await device.start();
    await client.call('echo');
    assert.equal(client.session.state, 'connected');
  });

  it('is disconnected when the device was never there', async () => {
    await device.stop();
    await assert.rejects(client.call('echo', [], brief), because('noAnswer'));
    assert.deepEqual(client.states, ['connecting', 'disconnected']);
  });

  it('is disconnected, with a CONFIG error, when another device sits at the address', async () => {
    const strict = new Client(device, { socket: client.socket });
    const settings = { timeoutMs: 400, deviceId: '4711' };
    const names = /has the id 100000001, not 4711; check the address or the device id/;
    await assert.rejects(strict.call('echo', [], settings), because('otherDevice', names));
    assert.deepEqual(strict.states, ['connecting', 'disconnected']);
    assert.equal(device.received.length, 0, 'the other device was not commanded');
    strict.session.close();
  });

  it('is disconnected, with a TRANSPORT error, when the system cannot send', async () => {
    // Without the permission to broadcast, the system refuses this address with EACCES.
    const nowhere = new Client({ address: '255.255.255.255', port: 9, token: device.token });
    const unreachable = because('unreachable', /the lamp cannot be reached: EACCES/);
    await assert.rejects(nowhere.call('echo', [], brief), unreachable);
    await assert.rejects(nowhere.call('echo', [], { ...brief, retries: 0 }), unreachable);
    assert.deepEqual(nowhere.states, ['connecting', 'disconnected']);
    await nowhere.close();
  });

  it('is disconnected, with a TRANSPORT error, when the network goes down in between', async () => {
    await client.warmUp();
    const down = sinon.stub(client.socket, 'send');
    down.callsArgWith(3, Object.assign(new Error('no route'), { code: 'ENETUNREACH' }));
    const unreachable = because('unreachable', /the lamp cannot be reached: ENETUNREACH/);
    await assert.rejects(client.call('echo', [], brief), unreachable);
    assert.equal(client.session.state, 'disconnected');
    down.restore();
    await client.call('echo');
    assert.equal(client.session.state, 'connected');
  });

  it('goes on by itself when the network comes back before the deadline', async () => {
    await client.warmUp();
    const down = sinon.stub(client.socket, 'send').callsArgWith(3, new Error('no route'));
    setTimeout(() => down.restore(), 100);
    assert.deepEqual(await client.result('echo', ['back'], { retries: 1 }), ['back']);
    assert.equal(device.executed.length, 2);
  });

  it('of a watched session becomes connected by itself when the device is plugged in', async () => {
    await device.stop();
    client.session.startWatch();
    client.session.startWatch();
    await device.start();
    await reaches(client.session, 'connected');
    assert.deepEqual(client.states, ['connecting', 'connected']);
    assert.equal(client.session.deviceId, device.did);
  });

  it('of a watched session follows the device when it is unplugged and plugged in again', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      client.session.startWatch();
      await passUntil(clock, reaches(client.session, 'connected'));
      await device.stop();
      await passUntil(clock, reaches(client.session, 'disconnected'));
      await clock.tickAsync(600_000);
      await device.start();
      await passUntil(clock, reaches(client.session, 'connected'));
      assert.deepEqual(client.states, ['connecting', 'connected', 'disconnected', 'connected']);
      assert.ok(clock.now < 1_000_000, 'it looks at least once a minute');
      client.session.stopWatch();
      const hello = sinon.spy();
      device.on('hello', hello);
      await clock.tickAsync(600_000);
      assert.equal(hello.callCount, 0, 'it does not look when nobody watches');
    } finally {
      clock.restore();
    }
  });

  it('of a watched session says hello rarely while commands are answered', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const hello = sinon.spy();
    device.on('hello', hello);
    try {
      client.session.startWatch();
      await passUntil(clock, reaches(client.session, 'connected'));
      for (let second = 0; second < 120; second += 10) {
        await client.call('echo');
        await nextTurn();
        await clock.tickAsync(10_000);
      }
      assert.ok(hello.callCount <= 2, `${hello.callCount} hellos`);
    } finally {
      clock.restore();
    }
  });

  it('of a watched session does not stay refused for want of a hello', async () => {
    device.faults.silentCommands = true;
    client.session.startWatch();
    await reaches(client.session, 'connected');
    await assert.rejects(client.call('echo', [], brief), because('tokenRejected'));
    device.faults.silentCommands = false;
    const executed = once(device, 'executed');
    await client.call('echo');
    await executed;
    assert.equal(client.session.state, 'connected');
  });
});
