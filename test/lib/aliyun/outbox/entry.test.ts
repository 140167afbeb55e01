/** An entry as text and back; what is no entry is not taken for one. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { entryText, type OutboxEntry, readEntry } from '../../../../lib/aliyun/outbox/entry';
import { isRecord, withoutPrototypes } from '../../../../lib/untrusted';
import { post } from './posts';

/** Arrays in one another. */
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('an entry of the outbox', () => {
  it('is the same after a journey through its text', () => {
    const part = {
      kind: fc.constantFrom<OutboxEntry['kind']>('property', 'history', 'batch', 'event'),
      method: fc.string(),
      topic: fc.option(fc.string(), { nil: undefined }),
      operation: fc.string(),
      params: fc.jsonValue({ depthSize: 'small' }),
      acceptedAt: fc.integer(),
      source: fc.option(fc.string(), { nil: undefined }),
    };
    fc.assert(
      fc.property(fc.record(part), fc.constantFrom({}, { isUnchecked: true }), (known, mark) => {
        const entry = { ...known, ...mark };
        const text = entryText(entry, 'Lamp');
        assert.ok(!text.includes('\n'));
        // JSON has one zero only.
        const params = withoutPrototypes(JSON.parse(JSON.stringify(entry.params)));
        assert.deepEqual(readEntry(text), { ...entry, params });
      }),
    );
  });

  it('is refused at once if the cloud would never take it', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const params of [
      circle,
      undefined,
      { value: undefined },
      { n: Number.NaN },
      { n: 1n },
      nested(40),
    ]) {
      const keep = () => entryText({ ...post(1), params }, 'Lamp');
      assert.throws(keep, { reason: 'payloadInvalid', code: 'CONFIG' });
    }
    const long = () => entryText({ ...post(1), params: { text: 'x'.repeat(300_000) } }, 'Lamp');
    assert.throws(long, /^Error: Lamp: the payload of property post must be at most 262144 bytes/);
  });

  it('is nothing else than an entry', () => {
    const whole: Record<string, unknown> = JSON.parse(entryText(post(1), 'Lamp'));
    assert.ok(readEntry(JSON.stringify(whole)));
    const wrong = { kind: 'other', method: 1, topic: 1, operation: null, acceptedAt: '1', source: {} };
    for (const [key, value] of Object.entries(wrong)) {
      assert.equal(readEntry(JSON.stringify({ ...whole, [key]: value })), undefined, key);
    }
    for (const key of ['kind', 'method', 'operation', 'params', 'acceptedAt']) {
      assert.equal(readEntry(JSON.stringify({ ...whole, [key]: undefined })), undefined, key);
    }
    for (const text of ['', '{', 'null', '[]', '7', '"text"']) assert.equal(readEntry(text), undefined, text);
    assert.equal(readEntry(JSON.stringify({ ...whole, params: nested(40) })), undefined);
    assert.equal(readEntry('['.repeat(200_000)), undefined);
  });

  it('brings no prototype along', () => {
    const text = entryText(post(1), 'Lamp').replace('"n":1', '"n":1,"__proto__":{"isAdmin":true}');
    const params = readEntry(text)?.params;
    assert.ok(isRecord(params));
    assert.deepEqual(Object.keys(params), ['n']);
  });
});
