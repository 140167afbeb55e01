/** One UDP socket for many devices: whose datagram goes to whom, and how it survives errors. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { MiioSocket } from '../../../lib/miio/socket';
import { because } from './conversation';

/** A socket that sends everything back to where it came from. */
async function echo(address: string, port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (datagram, from) => socket.send(datagram, from.port, from.address));
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

/** Settles when the socket has handed a packet to the network, or could not. */
function handOver(socket: MiioSocket, packet: Buffer, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(packet, port, address, (error) => (error ? reject(error) : resolve()));
  });
}

describe('the UDP socket of all devices', () => {
  let left: Socket;
  let right: Socket;
  let port: number;
  let opened: Socket[];
  let socket: MiioSocket;

  beforeEach(async () => {
    left = await echo('127.0.0.1');
    port = left.address().port;
    right = await echo('127.0.0.2', port);
    opened = [];
    socket = new MiioSocket({
      createSocket: (options) => {
        const created = typeof options === 'string' ? createSocket(options) : createSocket(options);
        opened.push(created);
        return created;
      },
    });
  });

  afterEach(async () => {
    await socket.close();
    left.close();
    right.close();
  });

  /** The next datagram from there, as text. */
  const next = (address: string) =>
    new Promise<string>((resolve) => {
      const stop = socket.receive(address, port, (datagram) => {
        stop();
        resolve(datagram.toString());
      });
    });
  const send = (text: string, address: string) => handOver(socket, Buffer.from(text), port, address);

  it('hands each datagram to whoever waits for its sender', async () => {
    const arrivals = [next('127.0.0.1'), next('127.0.0.1'), next('127.0.0.2')];
    await Promise.all([send('to the left', '127.0.0.1'), send('to the right', '127.0.0.2')]);
    assert.deepEqual(await Promise.all(arrivals), ['to the left', 'to the left', 'to the right']);
    assert.equal(opened.length, 1);
  });

  it('hands nothing over after the receiver has gone', async () => {
    const heard: string[] = [];
    const stop = socket.receive('127.0.0.1', port, (datagram) => heard.push(datagram.toString()));
    const stopAgain = socket.receive('127.0.0.1', port, () => undefined);
    stop();
    stopAgain();
    stop();
    const arrival = next('127.0.0.1');
    await send('hello', '127.0.0.1');
    assert.equal(await arrival, 'hello');
    assert.deepEqual(heard, []);
  });

  it('is opened by the first packet, and anew after an error', async () => {
    assert.equal(opened.length, 0);
    await send('one', '127.0.0.1');
    const [first] = opened;
    assert.ok(first);
    first.emit('error', new Error('the interface is gone'));
    await once(first, 'close');
    const arrival = next('127.0.0.1');
    await send('two', '127.0.0.1');
    assert.equal(await arrival, 'two');
    assert.equal(opened.length, 2);
  });

  it('says which bind address is wrong, and tries it again with the next packet', async () => {
    const foreign = new MiioSocket({ bindAddress: '192.0.2.77' });
    for (const _ of [1, 2]) {
      const failed = handOver(foreign, Buffer.from('x'), port, '127.0.0.1');
      await assert.rejects(failed, because('socketFailed', /192\.0\.2\.77 failed: EADDRNOTAVAIL/));
    }
    await foreign.close();

    let free = '192.0.2.77';
    const late = new MiioSocket({
      get bindAddress() {
        return free;
      },
    });
    await assert.rejects(handOver(late, Buffer.from('x'), port, '127.0.0.1'), because('socketFailed'));
    free = '127.0.0.3';
    await handOver(late, Buffer.from('x'), port, '127.0.0.1');
    await late.close();
  });

  it('sends from the bind address', async () => {
    const bound = new MiioSocket({ bindAddress: '127.0.0.9' });
    const [[, from]] = await Promise.all([
      once(left, 'message'),
      handOver(bound, Buffer.from('x'), port, '127.0.0.1'),
    ]);
    assert.equal(from.address, '127.0.0.9');
    await bound.close();
  });

  it('rejects what the system does not send, and goes on', async () => {
    await assert.rejects(send('no broadcast', '255.255.255.255'), { code: 'EACCES' });
    await assert.rejects(handOver(socket, Buffer.alloc(70_000), port, '127.0.0.1'), { code: 'EMSGSIZE' });
    const arrival = next('127.0.0.1');
    await send('still here', '127.0.0.1');
    assert.equal(await arrival, 'still here');
  });

  it('is closed for good by close, also while it opens', async () => {
    left.on('message', () => assert.fail('a packet was sent'));
    const opening = send('x', '127.0.0.1');
    await socket.close();
    await assert.rejects(opening, because('closed'));
    await assert.rejects(send('x', '127.0.0.1'), because('closed'));
    assert.equal(opened.length, 1);
    await socket.close();
  });
});
