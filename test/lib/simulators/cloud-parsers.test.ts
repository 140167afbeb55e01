/** The pure parts of the simulated cloud, against anything. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matches, mayPublish, maySubscribe, names } from '../../simulators/cloud/access';
import { Refusal, readReply, readRequest, writeRequest } from '../../simulators/cloud/alink';
import { Shadow } from '../../simulators/cloud/functions/shadow';
import { answerTime } from '../../simulators/cloud/functions/time';
import { Ota } from '../../simulators/cloud/ota';
import { judgeSignIn, type Registry } from '../../simulators/cloud/sign';
import { Thing } from '../../simulators/cloud/thing';
import { LAMP } from './cloud-clients';

/** Bytes of any kind, and JSON that looks like Alink. */
const payloads = fc.oneof(
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .record({ id: fc.jsonValue(), version: fc.jsonValue(), params: fc.jsonValue(), code: fc.jsonValue() })
    .map((body) => Buffer.from(JSON.stringify(body))),
);

describe('the parsers of the simulated cloud', () => {
  it('never throw at a sign-in, and let nobody in without the signature', () => {
    const fields = fc.array(
      fc.oneof(
        fc.string(),
        fc.constantFrom(
          'securemode=2',
          'securemode=-2',
          'authType=connwl',
          'authType=register',
          'random=1',
          'signmethod=hmacsha1',
          'signmethod=constructor',
        ),
      ),
    );
    const registry: Registry = {
      find: () => LAMP,
      findCertified: () => null,
      findPreAuth: () => null,
      findToken: () => ({ clientId: 'issued', deviceToken: 'token' }),
      register: () => ({ code: 6600, data: {} }),
    };
    const clientIds = fc.oneof(
      fc.string(),
      fc.tuple(fc.string(), fields).map(([cid, list]) => `${cid}|${list.join(',')}|`),
    );
    fc.assert(
      fc.property(clientIds, fc.string(), fc.nat(2000), (clientId, password, keepalive) => {
        const request = {
          clientId,
          username: 'lamp-1&a1lamp',
          password,
          keepalive,
          hasWill: false,
          secure: true,
        };
        assert.ok('refused' in judgeSignIn(request, registry));
      }),
    );
  });

  it('refuse a request with a documented code, or read it', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        try {
          assert.match(readRequest(payload, 'thing.x').id, /^\d+$/);
        } catch (error) {
          assert.ok(error instanceof Refusal && [460, 6207, 6300].includes(error.code));
        }
      }),
    );
  });

  it('read the request that they write', () => {
    fc.assert(
      fc.property(fc.nat(), fc.object(), (id, params) => {
        const written = writeRequest(String(id), 'thing.x', params);
        const read = readRequest(Buffer.from(written), 'thing.x');
        assert.deepEqual(read, { id: String(id), params: JSON.parse(written).params, ack: true });
      }),
    );
  });

  it('never throw at a reply or at a message of OTA', () => {
    const ota = new Ota({
      serve: () => 'https://127.0.0.1/',
      stream: () => ({ streamId: 1, streamFileId: 1 }),
    });
    fc.assert(
      fc.property(payloads, (payload) => {
        const reply = readReply(payload);
        assert.ok(reply === null || Number.isInteger(reply.code));
        for (const read of [ota.inform(payload), ota.report(payload), ota.request(payload)]) {
          assert.ok(read === null || typeof read === 'object');
        }
      }),
    );
  });

  it('never throw at a message for the shadow or the clock', () => {
    const bodies = fc.record({
      method: fc.constantFrom('update', 'delete', 'get', 'x'),
      state: fc.jsonValue(),
      version: fc.jsonValue(),
    });
    const messages = fc.oneof(
      payloads,
      bodies.map((body) => Buffer.from(JSON.stringify(body))),
    );
    fc.assert(
      fc.property(messages, (payload) => {
        const shadow = new Shadow();
        assert.equal(JSON.parse(shadow.receive(payload)).method, 'reply');
        const time = answerTime(payload, 5);
        assert.ok(time === null || JSON.parse(time).serverRecvTime === '5');
      }),
    );
  });

  it('store any params, or refuse them with a code and store nothing', () => {
    const paths = ['property', 'alarm', 'property/history', 'property/batch', 'property/pack'].map(
      (kind) => `thing/event/${kind}/post`,
    );
    const path = fc.constantFrom(...paths, 'thing/property/desired/get', 'thing/property/desired/delete');
    fc.assert(
      fc.property(path, fc.jsonValue(), (path, params) => {
        const thing = new Thing(LAMP);
        try {
          assert.equal(typeof thing.answer(path, params), 'object');
        } catch (error) {
          assert.ok(error instanceof Refusal);
          assert.deepEqual([thing.properties, thing.events], [{}, []]);
        }
      }),
    );
  });

  it('keep the names of Object apart from identifiers', () => {
    const thing = new Thing(LAMP);
    thing.answer('thing/event/property/post', JSON.parse('{"__proto__":1,"constructor":2}'));
    assert.deepEqual(Object.keys(thing.properties), ['__proto__', 'constructor']);
  });

  it('give no device a topic of another', () => {
    const level = fc.constantFrom(
      'sys',
      'ota',
      'device',
      'inform',
      'upgrade',
      'ext',
      'a1lamp',
      'lamp-2',
      'thing',
      '',
    );
    fc.assert(
      fc.property(fc.array(level), (levels) => {
        const topic = `/${levels.join('/')}`;
        assert.equal(mayPublish(LAMP, topic) || maySubscribe(LAMP, topic) || names(LAMP, topic), false);
      }),
    );
  });

  it('match topics as MQTT says', () => {
    const yes = [
      ['a/+/c', 'a/b/c'],
      ['a/#', 'a/b/c'],
      ['a/#', 'a'],
      ['#', '/a'],
      ['/+', '/'],
      ['a/b', 'a/b'],
    ] as const;
    const no = [
      ['a/+', 'a'],
      ['a/+', 'a/b/c'],
      ['a', 'a/b'],
      ['+', '/a'],
      ['a/b', 'a'],
    ] as const;
    for (const [filter, topic] of yes) assert.equal(matches(filter, topic), true, `${filter} ${topic}`);
    for (const [filter, topic] of no) assert.equal(matches(filter, topic), false, `${filter} ${topic}`);
  });
});
