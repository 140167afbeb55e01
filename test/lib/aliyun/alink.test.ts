import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  encode,
  MAX_PAYLOAD_BYTES,
  parseReply,
  parseRequest,
  replyBody,
  requestBody,
} from '../../../lib/aliyun/alink';
import { MialinkError } from '../../../lib/errors';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function nested(levels: number): unknown {
  return levels === 0 ? 1 : { deeper: nested(levels - 1) };
}

/** As `JSON.stringify` itself tells. */
function losesInJson(message: unknown): boolean {
  let loses = false;
  JSON.stringify(message, (_, value) => {
    const isLost = ['undefined', 'function', 'symbol'].includes(typeof value);
    loses ||= isLost || (typeof value === 'number' && !Number.isFinite(value));
    return value;
  });
  return loses;
}

describe('Alink', () => {
  it('writes a request with version, id as text and method', () => {
    assert.deepEqual(requestBody('7', 'thing.event.property.post', { a: 1 }), {
      id: '7',
      version: '1.0',
      params: { a: 1 },
      method: 'thing.event.property.post',
    });
  });

  it('writes everything but what JSON would leave out or turn into null, of which it says where it is', () => {
    const leaf = fc.oneof(
      fc.constantFrom<unknown>('text', 1.5, true, null, new Date(5)),
      fc.constantFrom<unknown>(
        { toJSON: () => 7 },
        { toJSON: () => undefined },
        { toJSON: () => ({ a: NaN }) },
      ),
      fc.constantFrom<unknown>(undefined, Number.NaN, Number.POSITIVE_INFINITY, Symbol('s'), () => 1),
    );
    const inherited = fc
      .dictionary(fc.string(), leaf)
      .map((own) => Object.assign(Object.create({ below: NaN }), own));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        inherited,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (params) => {
        const message = requestBody('1', 'm', params);
        if (!losesInJson(message)) assert.equal(encode(message, 'lamp', 'post'), JSON.stringify(message));
        else
          assert.throws(() => encode(message, 'lamp', 'post'), { reason: 'payloadInvalid', message: / in / });
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads the reply of the document', () => {
    const reply = { id: '123', code: 200, data: { a: 1 }, message: 'success', method: 'm', version: '1.0' };
    assert.deepEqual(parseReply(bytes(reply)), {
      value: { id: '123', code: 200, data: { a: 1 }, message: 'success' },
    });
  });

  it('reads a reply with numbers as text, text as numbers, and nothing else', () => {
    const expected = { value: { id: '5', code: 460, message: '', data: {} } };
    assert.deepEqual(parseReply(bytes({ id: 5, code: '460' })), expected);
  });

  it('reads a request without method or params', () => {
    assert.deepEqual(parseRequest(bytes({ id: 9 })), { value: { id: '9', method: '', params: {} } });
    assert.deepEqual(parseRequest(bytes({ id: '9', params: null, method: 'm' })), {
      value: { id: '9', method: 'm', params: {} },
    });
  });

  for (const [what, payload, id] of [
    ['text that is no JSON', '{', undefined],
    ['nothing', '', undefined],
    ['an array', [], undefined],
    ['null', 'null', undefined],
    ['no id', { code: 200, params: {} }, undefined],
    ['an empty id', { id: '', code: 200 }, undefined],
    ['an id that is an object', { id: {}, code: 200 }, undefined],
    ['an endless id', { id: 'x'.repeat(65), code: 200 }, undefined],
    ['a fraction for an id', { id: 1.5, code: 200 }, undefined],
    ['too many levels', { id: '1', code: 200, data: nested(40), params: nested(40) }, '1'],
  ] as const) {
    it(`tells the cause when it gets ${what}`, () => {
      for (const parsed of [parseReply(bytes(payload)), parseRequest(bytes(payload))]) {
        assert.ok('cause' in parsed && parsed.cause !== '');
        assert.equal(parsed.id, id);
      }
    });
  }

  it('keeps the id of a message that is wrong otherwise, so that it can be answered', () => {
    assert.deepEqual(parseRequest(bytes({ id: '3', method: 4 })), {
      id: '3',
      cause: 'its method is not text',
    });
    assert.deepEqual(parseReply(bytes({ id: '3', code: '' })), { id: '3', cause: 'it has no code' });
    assert.deepEqual(parseReply(bytes({ id: '3', code: 1.5 })), { id: '3', cause: 'it has no code' });
  });

  it('survives JSON nested so deep that walking it would end the stack', () => {
    const deep = `{"id":"1","params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    assert.ok('cause' in parseRequest(bytes(deep)));
  });

  it('does not read what is longer than the cloud may send', () => {
    assert.ok('cause' in parseRequest(bytes({ id: '1', params: { x: 'x'.repeat(MAX_PAYLOAD_BYTES) } })));
  });

  it('drops __proto__ at every level and keeps the rest', () => {
    const parsed = parseRequest(
      bytes('{"id":"1","params":{"a":[{"__proto__":{"x":1},"b":2}],"__proto__":{"polluted":true}}}'),
    );
    assert.ok('value' in parsed);
    assert.deepEqual(parsed.value.params, { a: [{ b: 2 }] });
    assert.equal(JSON.stringify(parsed.value).includes('__proto__'), false);
    assert.equal(Object.hasOwn(parsed.value.params, '__proto__'), false);
  });

  it('never throws, whatever bytes arrive', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        parseReply(Buffer.from(noise));
        parseRequest(Buffer.from(noise));
      }),
    );
  });

  it('never throws, whatever JSON arrives, and gives an id as text or none', () => {
    const message = fc.record(
      {
        id: fc.oneof(fc.string(), fc.nat(), fc.jsonValue()),
        code: fc.oneof(fc.integer(), fc.jsonValue()),
        method: fc.jsonValue(),
        params: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(message, (value) => {
        for (const parsed of [parseReply(bytes(value)), parseRequest(bytes(value))]) {
          const id = 'value' in parsed ? parsed.value.id : (parsed.id ?? 'none');
          assert.ok(typeof id === 'string' && id !== '');
        }
      }),
    );
  });

  it('reads back what it writes', () => {
    const params = fc.dictionary(
      fc.stringMatching(/^[a-z]\w{0,8}$/),
      fc.oneof(fc.integer(), fc.string(), fc.boolean()),
    );
    fc.assert(
      fc.property(fc.nat(), params, (id, values) => {
        const request = parseRequest(bytes(requestBody(String(id), 'm', values)));
        assert.deepEqual(request, { value: { id: String(id), method: 'm', params: { ...values } } });
        const reply = parseReply(bytes(replyBody(String(id), 200, values)));
        assert.ok('value' in reply);
        assert.deepEqual(reply.value.data, { ...values });
      }),
    );
  });

  it('refuses to write what is too long or no JSON, and says for what', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const message of [{ x: 'x'.repeat(MAX_PAYLOAD_BYTES) }, circular, { big: 1n }]) {
      assert.throws(
        () => encode(message, 'lamp (pk)', 'property post'),
        (error) =>
          error instanceof MialinkError &&
          error.reason === 'payloadInvalid' &&
          error.message.startsWith('lamp (pk): the payload of property post must be'),
      );
    }
  });
});
