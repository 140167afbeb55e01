/** A sweep of a full network: everybody is heard, and nobody asked twice. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { discover } from '../../../lib/miio/discovery';
import { encodeHelloReply, isHello } from '../../simulators/home/wire';

const DEVICES = 250;

describe('miIO discovery in a full network', () => {
  const devices: Socket[] = [];
  let hellos = 0;

  before(async () => {
    for (let host = 1; host <= DEVICES; host++) {
      const socket = createSocket('udp4');
      devices.push(socket);
      socket.on('message', (datagram, from) => {
        if (isHello(datagram)) hellos++;
        socket.send(encodeHelloReply(BigInt(host), 1, Buffer.alloc(16, 0xff)), from.port, from.address);
      });
      socket.bind(54_321, `127.54.12.${host}`);
      await once(socket, 'listening');
    }
  });

  after(async () => {
    const closed = devices.map((socket) => once(socket, 'close'));
    for (const socket of devices) socket.close();
    await Promise.all(closed);
  });

  it('loses no answer: one hello to each is enough', async () => {
    const seen = new Set<string>();
    const sockets: Socket[] = [];
    const ended = new AbortController();
    const found = await discover({
      addresses: '127.54.12.0/24',
      timeoutMs: 10_000,
      resolve: async (address) => address,
      createSocket: (kind) => {
        const socket = typeof kind === 'string' ? createSocket(kind) : createSocket(kind);
        sockets.push(socket);
        return socket;
      },
      onFound: ({ deviceId }) => {
        seen.add(deviceId);
        if (seen.size === DEVICES) ended.abort();
      },
      signal: ended.signal,
    });
    assert.equal(found.length, DEVICES);
    assert.equal(hellos, DEVICES, 'all within the first round');
    assert.equal(sockets.length, 1);
  });
});
