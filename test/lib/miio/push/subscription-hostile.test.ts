/** Packets that no honest device sends: none of them is taken for a report, and none disturbs those that follow. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import sinon from 'sinon';
import { encodeHelloReply, encodePacket, tokenBytes } from '../../../simulators/home/wire';
import { Client } from '../conversation';
import { Puppet } from '../puppet';
import { Subscriber } from './subscriber';

const LIE = [{ siid: 2, piid: 1, value: 'lie' }];

/** A report as a device writes it. */
const changed = (params: unknown, id = 1) => ({ id, method: 'properties_changed', params });

describe('a subscription among liars', () => {
  let puppet: Puppet;
  let subscriber: Subscriber;
  /** What the puppet says of its subscriptions. */
  let subTs: number;

  beforeEach(async () => {
    puppet = await Puppet.open();
    subTs = 0;
    puppet.onHello = (from) => puppet.send(offer(), from);
    puppet.onRequest = (request) => {
      const params = request.params as { update_ts?: number };
      if (request.method === 'miIO.sub') subTs = params.update_ts ?? 0;
      puppet.result(request, { code: 0 });
    };
    subscriber = new Subscriber(new Client(puppet));
    await subscriber.reaches('subscribed');
  });
  afterEach(async () => {
    await subscriber.close();
    await puppet.close();
  });

  function offer(): Buffer {
    const block = Buffer.from('MSUB....PUB\x01\xfe\0\0\0', 'latin1');
    block.writeUInt32BE(subTs, 4);
    return encodeHelloReply(puppet.did, puppet.stamp, block);
  }
  const sealed = (body: object, { did = puppet.did, stamp = puppet.stamp } = {}) =>
    encodePacket({ did, stamp, token: tokenBytes(Puppet.token) }, JSON.stringify(body));
  /** What is told until a true report comes through, which follows everything sent before. */
  const toldUntilTruth = async (id = 99): Promise<object[]> => {
    puppet.send(sealed(changed([{ siid: 9, piid: 9, value: id }], id)));
    const reports = () => subscriber.told.filter((one) => typeof one === 'object');
    const isTruth = (one?: object) => isDeepStrictEqual(one, [{ siid: 9, piid: 9, value: id }]);
    while (!isTruth(reports().at(-1))) await once(subscriber.subscription, 'properties');
    return reports().slice(0, -1);
  };

  const lies: [string, () => Buffer][] = [
    ['a wrong checksum', () => spoilt(sealed(changed(LIE)), 20)],
    ['a changed ciphertext', () => spoilt(sealed(changed(LIE)), 40)],
    ['a changed stamp', () => spoilt(sealed(changed(LIE)), 15)],
    ['another token', () => puppet.packet(changed(LIE), 'ff0102030405060708090a0b0c0d0e0f')],
    ['another device id', () => sealed(changed(LIE), { did: puppet.did + 1n })],
    ['a stamp of a while ago', () => sealed(changed(LIE), { stamp: puppet.stamp - 10 })],
    ['a stamp of long ago, far below', () => sealed(changed(LIE), { stamp: 0 })],
    ['half of a packet', () => sealed(changed(LIE)).subarray(0, 48)],
    ['our own request, reflected', () => puppet.requests[0]?.datagram ?? assert.fail('miIO.sub was sent')],
    ['our own acknowledgement, reflected', () => sealed({ id: 1, result: { code: 0 } })],
    ['another method', () => sealed({ id: 1, method: 'props', params: LIE })],
    ['an event without a number', () => sealed({ id: 1, method: 'event_occured', params: { siid: 1 } })],
    ['no id', () => sealed({ method: 'properties_changed', params: LIE })],
    ['no params', () => sealed(changed(null))],
    ['no JSON', () => puppet.packet('properties_changed')],
    ['nothing but NUL', () => puppet.packet('\0\0')],
    ['nesting without end', () => sealed(changed([{ ...LIE[0], value: nested(100) }]))],
    ['an answer to a hello that nobody said', offer],
  ];
  for (const [what, lie] of lies) {
    it(`hears nothing of ${what}`, async () => {
      puppet.send(lie());
      assert.deepEqual(await toldUntilTruth(), []);
      assert.equal(subscriber.subscription.state, 'subscribed');
      assert.equal(puppet.requests.length, 1);
    });
  }

  it('hears nothing from another port or another address', async () => {
    const neighbour = createSocket('udp4').bind(0, puppet.address);
    const elsewhere = createSocket('udp4').bind(puppet.port, '127.54.6.2');
    await Promise.all([once(neighbour, 'listening'), once(elsewhere, 'listening')]);
    const { port, address } = puppet.client ?? assert.fail('the puppet was probed');
    for (const liar of [neighbour, elsewhere]) {
      await new Promise((sent) => liar.send(sealed(changed(LIE)), port, address, sent));
      liar.close();
    }
    assert.deepEqual(await toldUntilTruth(), []);
  });

  it('gives a flow no key __proto__', async () => {
    puppet.send(
      puppet.packet(
        '{"id":1,"method":"properties_changed","params":[{"siid":2,"piid":1,"value":{"__proto__":{"a":1}}}]}',
      ),
    );
    const [first] = await toldUntilTruth();
    assert.deepEqual(first, [{ siid: 2, piid: 1, value: {} }]);
  });

  it('hears a recorded report only once, though the clock of its device stands still', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['performance'] });
    try {
      const recorded = sealed(changed(LIE, 5));
      puppet.send(recorded);
      assert.equal((await toldUntilTruth(6)).length, 1);
      clock.tick(20_000);
      puppet.send(recorded);
      assert.equal((await toldUntilTruth(7)).length, 2, 'the first report and the truth');
      puppet.send(sealed(changed(LIE.concat(LIE), 5)));
      assert.deepEqual((await toldUntilTruth(8)).at(-1), [...LIE, ...LIE], 'an id may be used again');
    } finally {
      clock.restore();
    }
  });

  it('does not lose a report in a flood', async () => {
    const lie = spoilt(sealed(changed(LIE)), 20);
    for (let packet = 0; packet < 2_000; packet++) puppet.send(lie);
    puppet.send(sealed({ id: 3, method: 'event_occured', params: { siid: 3, eiid: 1 } }));
    assert.deepEqual(await toldUntilTruth(), [{ siid: 3, eiid: 1, arguments: [] }]);
  });

  it('goes on when a listener throws', async () => {
    subscriber.subscription.prependListener('properties', () => {
      throw new Error('a bug in a flow');
    });
    puppet.send(sealed(changed(LIE, 4)));
    const event = once(subscriber.subscription, 'event');
    puppet.send(sealed({ id: 3, method: 'event_occured', params: { siid: 3, eiid: 1 } }));
    await event;
  });
});

/** A copy with one bit of this byte inverted. */
function spoilt(packet: Buffer, offset: number): Buffer {
  return Buffer.from(packet.map((byte, index) => (index === offset ? byte ^ 1 : byte)));
}

function nested(levels: number): unknown {
  return levels === 0 ? 0 : [nested(levels - 1)];
}
