/** The device that gateways call: what it answers and to whom, and whose port it is. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { deriveKeys } from '../../../../lib/miio/packet';
import { PushServer } from '../../../../lib/miio/push';
import type { DeviceCall } from '../../../../lib/miio/push/call';
import type { GatewayListener } from '../../../../lib/miio/push/push-server';
import { encodePacket, tokenBytes } from '../../../simulators/home/wire';
import { because } from '../conversation';
import { CallingGateway, freePort } from './zigbee-gateway';

const TOKEN = '676174657761791fa2b3c4d5e6f70819';
const OTHER_TOKEN = 'ff6174657761791fa2b3c4d5e6f70819';
const CALL = { id: 5, method: 'click_1:lumi_1', params: [] };

/** Hears every call of one method. */
class Listener implements GatewayListener {
  readonly keys;
  readonly label = 'gateway';
  readonly heard: DeviceCall[] = [];

  constructor(
    readonly address = '127.0.0.1',
    token = TOKEN,
    private readonly method = CALL.method,
  ) {
    this.keys = deriveKeys(tokenBytes(token));
  }

  hear(call: DeviceCall): boolean {
    if (call.method !== this.method) return false;
    this.heard.push(call);
    return true;
  }
}

describe('the push server', () => {
  let port: number;
  let server: PushServer;
  let listener: Listener;
  let gateway: CallingGateway;

  beforeEach(async () => {
    port = await freePort();
    server = new PushServer({ bindAddress: '127.0.0.1', port });
    listener = new Listener();
    gateway = await CallingGateway.open({ address: '127.0.0.1', port }, TOKEN);
    await server.listen(listener);
  });
  afterEach(async () => {
    await server.leave(listener);
    await gateway.close();
  });

  it('answers a hello as a device that hides its token', async () => {
    const answer = await gateway.hello();
    assert.equal(answer.toString('hex', 0, 4), '21310020');
    assert.equal(answer.readBigUInt64BE(4), 120_009_025n);
    assert.equal(answer.toString('hex', 16), '00'.repeat(16));
  });

  it('hands over a call, and answers it', async () => {
    assert.equal(await gateway.call(CALL), '{"result":0,"id":5}');
    assert.deepEqual(listener.heard, [CALL]);
  });

  it('hands a call to whom it is for, among several and several gateways', async () => {
    const others = [new Listener('127.0.0.1', TOKEN, 'other'), new Listener('127.0.0.1', OTHER_TOKEN)];
    for (const other of others) await server.listen(other);
    await gateway.call(CALL);
    assert.deepEqual(
      others.map(({ heard }) => heard.length),
      [0, 0],
    );
    assert.equal(listener.heard.length, 1);
    for (const other of others) await server.leave(other);
  });

  describe('keeps silent for', () => {
    const bad: [string, () => Buffer | string][] = [
      ['a call of a method that nobody knows', () => gateway.packet({ ...CALL, method: 'miIO.info' })],
      ['an answer, such as our own reflected', () => gateway.packet({ result: 0, id: 5 })],
      ['another token', () => gateway.packet(CALL, OTHER_TOKEN)],
      ['no JSON', () => gateway.packet('click_1:lumi_1')],
      ['an id as text', () => gateway.packet({ ...CALL, id: '5' })],
      ['half of a packet', () => gateway.packet(CALL).subarray(0, 48)],
      ['a header alone', () => gateway.packet(CALL).subarray(0, 32)],
      ['a short datagram', () => Buffer.from('2131', 'hex')],
    ];
    for (const [what, packet] of bad) {
      it(what, async () => {
        gateway.send(Buffer.from(packet()));
        // The first answer is that to the call behind it.
        assert.equal(await gateway.call({ ...CALL, id: 9 }), '{"result":0,"id":9}');
        assert.deepEqual(
          listener.heard.map(({ id }) => id),
          [9],
        );
      });
    }

    it('everybody at another address, hello too', async () => {
      const stranger = await CallingGateway.open({ address: '127.0.0.1', port }, TOKEN, '127.54.7.1');
      stranger.send(stranger.packet(CALL));
      stranger.send(Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex'));
      await gateway.call({ ...CALL, id: 9 });
      assert.deepEqual(
        listener.heard.map(({ id }) => id),
        [9],
      );
      const late = new Listener('127.54.7.1');
      await server.listen(late);
      assert.equal(
        await stranger.call({ ...CALL, id: 10 }),
        '{"result":0,"id":10}',
        'it was not answered before',
      );
      await server.leave(late);
      await stranger.close();
    });

    it('any bytes', async () => {
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }).map((body) => {
          const envelope = { did: 1n, stamp: 1, token: tokenBytes(TOKEN) };
          return encodePacket(envelope, Buffer.from(body));
        }),
      );
      for (const one of fc.sample(bytes, 100)) gateway.send(Buffer.from(one));
      assert.equal(await gateway.call({ ...CALL, id: 9 }), '{"result":0,"id":9}');
      assert.equal(listener.heard.length, 1);
    });
  });

  describe('owns its port', () => {
    it('until the last listener leaves', async () => {
      const other = new Listener('127.0.0.1', TOKEN, 'other');
      await server.listen(other);
      await server.leave(other);
      await gateway.call(CALL);
      await server.leave(listener);
      const next = createSocket('udp4').bind(port, '127.0.0.1');
      await once(next, 'listening');
      next.close();
      await once(next, 'close');
      await server.listen(listener);
      assert.equal(await gateway.call({ ...CALL, id: 6 }), '{"result":0,"id":6}', 'and again');
    });

    it('and says so when another program has it, until that one ends', async () => {
      const second = new PushServer({ bindAddress: '127.0.0.1', port });
      const late = new Listener();
      const taken = because(
        'pushPortTaken',
        new RegExp(`^gateway .*port ${port} at 127\\.0\\.0\\.1 .* Home Assistant`),
      );
      await assert.rejects(second.listen(late), taken);
      await assert.rejects(second.listen(late), taken);
      await server.leave(listener);
      await second.listen(late);
      await gateway.call(CALL);
      assert.equal(late.heard.length, 1);
      await second.leave(late);
    });

    it('and says so when the address is none of this machine', async () => {
      const elsewhere = new PushServer({ bindAddress: '192.0.2.1', port });
      await assert.rejects(elsewhere.listen(listener), because('socketFailed', /gateway.*EADDRNOTAVAIL/));
      await elsewhere.leave(listener);
    });
  });
});
