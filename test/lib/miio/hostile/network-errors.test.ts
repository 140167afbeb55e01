/** Errors of the system and of the network: the command says which, nothing crashes, and the next one gets through. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import sinon from 'sinon';
import { because, Client, passUntil, reaches } from '../conversation';
import { Puppet } from '../puppet';
import { freePort } from '../push/zigbee-gateway';
import { Stage } from './stage';

function systemError(code: string): Error {
  return Object.assign(new Error(`send ${code}`), { code });
}

describe('a miIO session on a machine that', () => {
  const place = { bindAddress: '127.0.0.3' };
  let stage: Stage;
  let socket: Socket;

  beforeEach(async () => {
    place.bindAddress = '127.0.0.3';
    stage = await Stage.open({}, place);
    await stage.client.warmUp();
    socket = stage.opened[0] ?? assert.fail('a socket is open');
  });
  afterEach(async () => {
    sinon.restore();
    await stage.close();
  });

  /** From now on nothing is sent, for this reason. */
  const sendFails = (code: string) => {
    const send = sinon.stub(socket, 'send');
    send.callsFake((...args: unknown[]) => {
      const done = args.at(-1);
      if (typeof done === 'function') setImmediate(() => done(systemError(code)));
    });
    return send;
  };

  for (const code of [
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'EPERM',
    'EACCES',
    'ENOBUFS',
    'ECONNREFUSED',
  ]) {
    it(`cannot send, ${code}, says so, and recovers alone`, async () => {
      const send = sendFails(code);
      const failed = stage.client.call('get', [], { timeoutMs: 300 });
      await assert.rejects(
        failed,
        because('unreachable', new RegExp(`the lamp cannot be reached: ${code};`)),
      );
      send.restore();
      assert.deepEqual(await stage.client.result('get'), ['ok']);
      assert.equal(stage.client.session.state, 'connected');
    });
  }

  it('cannot send for a moment repeats the command within its time', async () => {
    const send = sendFails('ENETUNREACH');
    setTimeout(() => send.restore(), 100);
    assert.deepEqual(await stage.client.result('get', [], { timeoutMs: 5_000 }), ['ok']);
    assert.ok(send.called);
  });

  it('throws when it is to send rejects only that command', async () => {
    const send = sinon.stub(socket, 'send').throws(new RangeError('port'));
    await assert.rejects(stage.client.call('get', [], { timeoutMs: 300 }), because('unreachable', /port/));
    send.restore();
    assert.deepEqual(await stage.client.result('get'), ['ok']);
  });

  it('loses its socket in mid-command opens another', async () => {
    stage.puppet.onRequest = (request) => {
      stage.puppet.onRequest = (next) => stage.puppet.result(next, ['through another socket']);
      socket.emit('error', systemError(`ENETDOWN ${request.method}`));
    };
    assert.deepEqual(await stage.client.result('get'), ['through another socket']);
    assert.equal(stage.opened.length, 2);
    assert.throws(() => socket.address(), 'the first is closed');
  });

  it('loses its socket while nothing is under way does not notice', async () => {
    socket.emit('error', systemError('ENETDOWN'));
    assert.deepEqual(await stage.client.result('get'), ['ok']);
  });

  it('loses the address it is bound to says so, and is back with the address', async () => {
    place.bindAddress = '192.0.2.77';
    socket.emit('error', systemError('ENETDOWN'));
    const failed = stage.client.call('get', [], { timeoutMs: 300 });
    await assert.rejects(
      failed,
      because('socketFailed', /192\.0\.2\.77 failed: EADDRNOTAVAIL; .*bind address/),
    );
    place.bindAddress = '127.0.0.3';
    assert.deepEqual(await stage.client.result('get'), ['ok']);
  });

  it('loses the address it is bound to is back with it within one command, too', async () => {
    place.bindAddress = '192.0.2.77';
    socket.emit('error', systemError('ENETDOWN'));
    setTimeout(() => {
      place.bindAddress = '127.0.0.3';
    }, 200);
    assert.deepEqual(await stage.client.result('get'), ['ok']);
  });
});

describe('a miIO session with an address where', () => {
  it('no port listens says that nobody answers, and finds the device when it is there', async () => {
    const port = await freePort();
    const client = new Client({ address: '127.0.0.1', port, token: Puppet.token });
    await assert.rejects(
      client.call('get', [], { timeoutMs: 300 }),
      because('noAnswer', /did not answer get/),
    );
    assert.equal(client.session.state, 'disconnected');
    const puppet = await Puppet.open('127.0.0.1', port);
    assert.deepEqual(await client.result('get'), ['ok']);
    await client.close();
    await puppet.close();
  });

  it('nobody may be asked says so', async () => {
    const client = new Client({ address: '255.255.255.255', port: 54_321, token: Puppet.token });
    await assert.rejects(client.call('get', [], { timeoutMs: 300 }), because('unreachable', /EACCES/));
    await client.close();
  });

  it('a name leads nowhere says so, and gets through when it is known', async () => {
    const puppet = await Puppet.open();
    let known: 'no' | 'yes' = 'no';
    const resolve = async () => {
      if (known === 'no') throw systemError('EAI_AGAIN');
      return puppet.address;
    };
    const client = new Client({ address: 'lamp.lan', port: puppet.port, token: Puppet.token }, { resolve });
    await assert.rejects(client.call('get', [], { timeoutMs: 300 }), because('unreachable', /EAI_AGAIN/));
    known = 'yes';
    assert.deepEqual(await client.result('get'), ['ok']);
    await client.close();
    await puppet.close();
  });
});

describe('the state of a device that is watched', () => {
  it('follows a network that goes away and comes back, without a command', async () => {
    const stage = await Stage.open();
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const { session } = stage.client;
      session.startWatch();
      await passUntil(clock, reaches(session, 'connected'));
      const [socket] = stage.opened;
      const send = sinon
        .stub(socket ?? assert.fail('a socket is open'), 'send')
        .throws(systemError('ENETUNREACH'));
      await passUntil(clock, reaches(session, 'disconnected'));
      send.restore();
      await passUntil(clock, reaches(session, 'connected'));
    } finally {
      clock.restore();
      await stage.close();
    }
  });
});
