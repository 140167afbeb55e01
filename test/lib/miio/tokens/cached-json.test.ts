import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cachedRecords } from '../../../../lib/miio/tokens/cached-json';
import { LAMP, PLUG } from './fixtures';

/** A device as the cloud tells it. */
const asJson = ({ address, deviceId, ...device }: typeof LAMP, more: object = {}) =>
  JSON.stringify({ ...device, localip: address, did: deviceId, ...more });

describe('the devices in a cached text', () => {
  it('are found among anything, also inside other objects and with objects inside', () => {
    const text = `HTTP/1.1 200 OK\n{"result":{"list":[${asJson(LAMP, { extra: { a: [{}] } })},${asJson(PLUG)}]}} }}}`;
    assert.deepEqual(cachedRecords(text), [LAMP, PLUG]);
  });

  it('are found after a line that is no JSON', () => {
    const text = `a quote " too many, {{{ braces too many\n${asJson(LAMP)}`;
    assert.deepEqual(cachedRecords(text), [LAMP]);
  });

  it('are found after a line whose last character is a backslash in a quote that nobody closed', () => {
    assert.deepEqual(cachedRecords(`"\\\n${asJson(LAMP)}`), [LAMP]);
  });

  it('may have braces and quotes in their names', () => {
    const lamp = { ...LAMP, name: '}{ "it\'s" \\ }' };
    assert.deepEqual(cachedRecords(asJson(lamp)), [lamp]);
  });

  it('are found in XML by its entities, whatever they stand for', () => {
    const lamp = { ...LAMP, name: '<Küche & "Bad">' };
    const escaped = asJson(lamp)
      .replaceAll('&', '&amp;')
      .replaceAll('"', '&quot;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;');
    const xml = `<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<string>${escaped}</string>`;
    assert.deepEqual(cachedRecords(xml), [lamp]);
  });

  it('have a device id of either type', () => {
    assert.equal(cachedRecords(`{"did":100000001,"token":"${LAMP.token}"}`)[0]?.deviceId, '100000001');
  });

  it('have no token where it is none, or is not theirs', () => {
    const inherited = `{"__proto__":{"token":"${LAMP.token}"},"did":"1"}`;
    const inside = `{"did":"1","extra":{"token":"${LAMP.token}"}}`;
    for (const text of [
      '{"did":"1","token":"short"}',
      '{"did":"1","token":["a"]}',
      '{token}',
      inherited,
      inside,
    ])
      assert.deepEqual(cachedRecords(text), [], text);
  });

  it('are found, or not, in a time that grows with the length of the text only', function () {
    this.timeout(120_000);
    const started = process.cpuUsage();
    for (const hostile of ['{', '}', '{"token":', '{"', '"', '{{}', '{"token":{}}'])
      assert.deepEqual(cachedRecords(hostile.repeat(2 ** 20 / hostile.length)), []);
    const nested = `${'{"token":'.repeat(2_000)}1${'}'.repeat(2_000)}\n`;
    assert.deepEqual(cachedRecords(nested.repeat(50)), []);
    // Of the processor, not of the clock: the machine may have more to do.
    assert.ok(process.cpuUsage(started).user < 15_000_000);
  });

  it('are found in any place of any text that ends its lines', () => {
    const noise = fc.oneof(fc.string(), fc.json(), fc.constantFrom('{', '}', '"', '\\', '{"token":'));
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        assert.deepEqual(cachedRecords(`${before}\n${asJson(LAMP)}\n${after}`), [LAMP]);
      }),
    );
  });
});
