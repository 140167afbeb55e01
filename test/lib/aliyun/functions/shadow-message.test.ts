import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  clearDesiredBody,
  deleteBody,
  getBody,
  parseShadowMessage,
  updateBody,
} from '../../../../lib/aliyun/functions/shadow-message';

const parse = (message: unknown) => parseShadowMessage(Buffer.from(JSON.stringify(message)));

describe('messages of the shadow', () => {
  it('are written as the documents show them', () => {
    assert.deepEqual(getBody(), { method: 'get' });
    assert.deepEqual(updateBody({ color: 'red' }), {
      method: 'update',
      state: { reported: { color: 'red' } },
    });
    assert.deepEqual(clearDesiredBody(), { method: 'update', state: { desired: 'null' } });
    const named = { method: 'delete', state: { reported: { color: 'null', mode: 'null' } } };
    assert.deepEqual(deleteBody(['color', 'mode']), named);
    assert.deepEqual(deleteBody('all'), { method: 'delete', state: { reported: 'null' } });
  });

  it('that reply to get hold the document', () => {
    const state = { reported: { color: 'red' }, desired: { color: 'blue' } };
    const metadata = { reported: { color: { timestamp: 1 } }, desired: { color: { timestamp: 2 } } };
    const payload = { status: 'success', state, metadata, version: 3 };
    assert.deepEqual(parse({ method: 'reply', payload, timestamp: 1469564576 }), {
      kind: 'reply',
      document: { ...state, metadata, version: 3, timestamp: 1469564576 },
      clientToken: undefined,
    });
  });

  it('that reply to the rest hold the version only, beside the payload or in it, as number or text', () => {
    const document = { reported: {}, desired: {}, metadata: {}, version: 4, timestamp: 5 };
    const reply = { kind: 'reply', document, clientToken: 'mine' };
    const message = { method: 'reply', timestamp: '5', clientToken: 'mine' };
    assert.deepEqual(parse({ ...message, payload: { status: 'success', version: 4 } }), reply);
    assert.deepEqual(parse({ ...message, payload: { status: 'success' }, version: '4' }), reply);
  });

  it('that refuse hold code and words, the code a number where it is one', () => {
    const refused = (content: unknown) => {
      const message = parse({ method: 'reply', payload: { status: 'error', content }, timestamp: 1 });
      return message?.kind === 'refusal' ? message.refusal : message;
    };
    const words = { code: 409, message: 'version conflict' };
    assert.deepEqual(refused({ errorcode: '409', errormessage: 'version conflict' }), words);
    assert.deepEqual(refused({ errorcode: 409, errormessage: 'version conflict' }), words);
    assert.deepEqual(refused({ errorcode: 'busy' }), { code: 'busy', message: '' });
    assert.deepEqual(refused(undefined), { code: 'without a code', message: '' });
  });

  it('that control hold what is wished', () => {
    const state = { desired: { color: 'green' }, reported: 'null' };
    const message = parse({ method: 'control', payload: { status: 'success', state }, version: 2 });
    assert.deepEqual(message, {
      kind: 'control',
      document: { reported: {}, desired: { color: 'green' }, metadata: {}, version: 2, timestamp: undefined },
    });
  });

  it('lose keys that would become prototypes', () => {
    const text = '{"method":"control","payload":{"state":{"desired":{"__proto__":{"evil":1},"a":1}}}}';
    const message = parseShadowMessage(Buffer.from(text));
    assert.ok(message?.kind === 'control');
    assert.deepEqual(Object.keys(message.document.desired), ['a']);
    assert.equal(message.document.desired.evil, undefined);
  });

  it('that are none are told as such', () => {
    const payload = { status: 'success' };
    for (const none of [null, 1, 'reply', [], {}, { method: 'reply' }, { method: 'get', payload }]) {
      assert.equal(parse(none), undefined, JSON.stringify(none));
    }
    assert.equal(parse({ method: 'reply', payload: { status: 'perhaps' } }), undefined);
    assert.equal(parseShadowMessage(Buffer.from('{"method":"reply"')), undefined);
    const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
    const nested = `{"method":"control","payload":{"state":{"desired":${deep}}}}`;
    assert.equal(parseShadowMessage(Buffer.from(nested)), undefined);
    const long = { method: 'control', payload: { state: { desired: { a: 'x'.repeat(256 * 1024) } } } };
    assert.equal(parse(long), undefined);
  });

  it('never make the parser throw, and what it gives has its shape', () => {
    const message = fc.record(
      {
        method: fc.oneof(fc.constantFrom('reply', 'control', 'get'), fc.jsonValue()),
        payload: fc.oneof(
          fc.jsonValue(),
          fc.record({
            status: fc.constantFrom('success', 'error'),
            state: fc.jsonValue(),
            content: fc.jsonValue(),
          }),
        ),
        version: fc.jsonValue(),
        clientToken: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const bytes = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      message.map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(bytes, (payload) => {
        const parsed = parseShadowMessage(payload);
        if (!parsed) return;
        assert.ok(['reply', 'refusal', 'control'].includes(parsed.kind));
        if (parsed.kind === 'refusal') assert.equal(typeof parsed.refusal.message, 'string');
        else assert.ok(parsed.document.version === undefined || Number.isInteger(parsed.document.version));
      }),
    );
  });
});
