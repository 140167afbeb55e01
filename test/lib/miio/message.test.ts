import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  encodeRequest,
  type Message,
  parseMessage,
  requestBody,
  requestBytes,
} from '../../../lib/miio/message';
import { deriveKeys, openPacket, parsePacket } from '../../../lib/miio/packet';
import vectors from '../../vectors/miio.json';

const parse = (text: string): Message => parseMessage(Buffer.from(text));
const opened = (vector: { token: string; packetHex: string }): Buffer => {
  const datagram = Buffer.from(vector.packetHex, 'hex');
  assert.ok(typeof parsePacket(datagram) !== 'string');
  const plaintext = openPacket(datagram, deriveKeys(Buffer.from(vector.token, 'hex')));
  assert.ok(typeof plaintext !== 'string');
  return plaintext;
};

describe('miIO message', () => {
  it('sends compact JSON with the id first', () => {
    const text = encodeRequest(1, requestBody('miIO.info', [])).toString();
    assert.equal(text, '{"id":1,"method":"miIO.info","params":[]}');
  });

  it('knows how long a request is at most, in bytes', () => {
    const body = requestBody('set_name', ['Flur', '走廊', 'ü']);
    assert.equal(requestBytes(body), encodeRequest(2 ** 31 - 1, body).length);
  });

  it('lets no key __proto__ through, however it is written', () => {
    for (const key of ['__proto__', '\\u005f_proto__', '__pro\u0001to__']) {
      const message = parse(`{"id":4,"result":{"${key}":{"admin":true},"ok":1}}`);
      assert.deepEqual(message, { kind: 'result', id: 4, result: { ok: 1 } });
      assert.deepEqual(Object.keys('result' in message ? Object(message.result) : {}), ['ok']);
    }
  });

  for (const vector of vectors.replies) {
    it(`understands the reply ${vector.name}`, () => {
      const message = parseMessage(opened(vector));
      const expected: Record<string, unknown> = vector.expect.parsed;
      if ('method' in expected) assert.deepEqual(message, { kind: 'request', method: expected.method });
      else if ('error' in expected) assert.equal(message.kind, 'error');
      else assert.deepEqual(message, { kind: 'result', id: expected.id, result: expected.result });
    });
  }

  it('keeps code and message of a device error', () => {
    const error = (text: string) => parse(`{"id":4,"error":${text}}`);
    assert.deepEqual(error('{"code":-30001,"message":"Resp invalid json"}'), {
      kind: 'error',
      id: 4,
      error: { code: -30001, message: 'Resp invalid json' },
    });
    assert.deepEqual(error('"unknown"'), { kind: 'error', id: 4, error: { code: '', message: 'unknown' } });
    assert.deepEqual(error('null'), { kind: 'error', id: 4, error: { code: '', message: '' } });
  });

  it('shows no more of a refusal than a person reads, and nothing of a request in it that is secret', () => {
    const refusal = (said: string) =>
      parseMessage(Buffer.from(JSON.stringify({ id: 4, error: { message: said } })));
    const error = (message: string) => ({ kind: 'error', id: 4, error: { code: '', message } });
    const request = '{"ssid":"home","passwd":"hunter22","uid":0}';
    assert.deepEqual(refusal(`bad ${request}`), error('bad {"ssid":"home",…'));
    assert.deepEqual(refusal(`bad ${JSON.stringify(request)}`), error('bad "{\\"ssid\\":\\"home\\",\\…'));
    assert.deepEqual(refusal('x'.repeat(300)), error(`${'x'.repeat(200)}…`));
  });

  it('is repaired in time that grows with its length only, also with signs that end a line', () => {
    const hostile = `{"${'\\"'.repeat(30_000)}\\\u2028`;
    const startedAt = process.cpuUsage();
    parseMessage(Buffer.from(hostile));
    const { user } = process.cpuUsage(startedAt);
    assert.ok(user < 500_000, `${user} microseconds`);
  });

  const outcomes: Record<string, Message> = {
    'nul-only': { kind: 'empty' },
    'json-garbage': { kind: 'unreadable', id: 1960 },
    'json-cut': { kind: 'unreadable', id: 1 },
    'json-not-object': { kind: 'stray' },
    'json-no-id': { kind: 'stray' },
    'json-id-string': { kind: 'stray' },
    'json-stale-id': { kind: 'result', id: 99999, result: ['ok'] },
    'json-id-only': { kind: 'result', id: 1, result: null },
  };
  for (const [name, expected] of Object.entries(outcomes)) {
    it(`reads the malformed ${name} as ${expected.kind}`, () => {
      const vector = vectors.malformed.find((one) => one.name === name);
      assert.ok(vector);
      assert.deepEqual(parseMessage(opened(vector)), expected);
    });
  }

  const results: [string, unknown][] = [
    ['{"id":7,"result":0}', 0],
    ['{"id":7,"result":null}', null],
    ['{"id":7,"result":""}', ''],
    ['{"id":7,"result":{"a":1}}', { a: 1 }],
    ['{"id":7,"result":[]}', []],
    ['{"id":7,"code":0,"message":"ok"}', { code: 0, message: 'ok' }],
    ['{"id":7,"result":,"exe_time":3}', null],
    ['{"result":,"id":7}', null],
    [
      '{"id":7,"result":[{"value":00},{"value":06},{"value":-07}]}',
      [{ value: 0 }, { value: 6 }, { value: -7 }],
    ],
    ['{"id":7,"result":[0.5,10,100]}', [0.5, 10, 100]],
    ['{"id":7,"result":[,1,,2,,]}', [null, 1, 2, null, null]],
    ['{"id":7,"result":["a,,b","[,]",":00"],,"x":1}', ['a,,b', '[,]', ':00']],
    ['{"id":7,,"result":[1,],,}\0\0rubbish', [1, null]],
    ['{"id":7,"result":["a\u0001b"]}', ['ab']],
    ['{"id":7,"result":[{"a":1},,{"a":00}],,"otu_stat":[,]}', [{ a: 1 }, { a: 0 }]],
  ];
  for (const [text, result] of results) {
    it(`takes ${JSON.stringify(text)}`, () =>
      assert.deepEqual(parse(text), { kind: 'result', id: 7, result }));
  }

  it('drops __proto__, also when it is written with escapes', () => {
    for (const key of ['__proto__', '\\u005f_proto__', '__pro\\u0074o__']) {
      const message = parse(`{"id":1,"result":{"${key}":{"polluted":true},"on":1}}`);
      assert.ok(message.kind === 'result');
      assert.deepEqual(Object.keys(message.result as object), ['on'], key);
    }
  });

  it('refuses nesting that would overflow whoever copies the value', () => {
    const deep = `{"id":5,"result":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    assert.deepEqual(parse(deep), { kind: 'unreadable', id: 5 });
  });

  it('takes a full datagram of any rubbish at once: no rule looks at a text again and again', () => {
    const full = 65_000;
    for (const rubbish of [',', ', ', '"', '"\\', '\0', '[', '[,', '0', ':', ': ', '}\0', '{,', '-0', ' ']) {
      const text = `{"id":1,"result":[1${rubbish.repeat(full / rubbish.length)}`;
      for (const end of ['', 'x', ']}']) parse(text + end);
    }
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parseMessage(Buffer.from(bytes))),
    );
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"id"',
      '00',
      '1',
      'null',
      '\0',
      '\\',
      'result',
    );
    fc.assert(fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => void parse(parts.join(''))));
  });

  it('leaves every legal answer as it is', () => {
    fc.assert(
      fc.property(fc.nat(), fc.jsonValue({ maxDepth: 5 }), (id, value) => {
        const result: unknown = JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto'));
        assert.deepEqual(parse(JSON.stringify({ id, result })), { kind: 'result', id, result });
      }),
    );
  });
});
