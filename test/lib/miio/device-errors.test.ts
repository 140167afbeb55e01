/** What devices' errors mean, and which of them may pass. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { meaningOf, refusalIn, repetitionOf } from '../../../lib/miio/device-errors';

const error = (code: number | string, message = '') => ({ code, message });

describe("a device's error", () => {
  it('lets a command be repeated only where it may pass', () => {
    const repetitions = (codes: number[]) => codes.map((code) => repetitionOf(error(code)));
    assert.deepEqual(repetitions([-30001, -9998]), ['at once', 'at once']);
    assert.deepEqual(repetitions([-9999, -30012]), ['later', 'later']);
    assert.deepEqual(repetitions([-30011]), ['once']);
    const final = [
      -30000, -30013, -30014, -30020, -32600, -32601, -32602, -10000, -5001, -5005, -5008, -1, 0,
    ];
    assert.deepEqual(new Set(repetitions(final)), new Set(['never']));
  });

  it('is known also when its code is a text', () => {
    assert.equal(repetitionOf(error('-9999')), 'later');
    assert.equal(meaningOf(error('-30012'), 'toggle'), 'busy');
  });

  it('means on a MIoT method that the device may have no MIoT on the local network', () => {
    for (const method of ['get_properties', 'set_properties', 'action']) {
      for (const code of [-9999, -4004, -10000, -32601]) assert.equal(meaningOf(error(code), method), 'miot');
      assert.equal(meaningOf(error('', 'unknown_method'), method), 'miot');
      assert.equal(meaningOf(error(-30012), method), 'busy');
    }
    assert.equal(meaningOf(error(-9999), 'get_prop'), 'unheard');
    assert.equal(meaningOf(error(-10000), 'get_prop'), 'method');
  });

  it('of a firmware update is known by its range', () => {
    assert.equal(meaningOf(error(-33001), 'miIO.ota'), 'update');
    assert.equal(meaningOf(error(-33007), 'miIO.ota'), 'update');
    assert.equal(meaningOf(error(-33000), 'miIO.ota'), undefined);
  });

  it('has no meaning that nobody knows, whatever the code', () => {
    assert.equal(meaningOf(error(-777, 'busy'), 'toggle'), undefined);
    assert.equal(meaningOf(error('toString'), 'toggle'), undefined);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer()), fc.string(), (code, message) => {
        assert.equal(typeof repetitionOf(error(code, message)), 'string');
        meaningOf(error(code, message), message);
      }),
    );
  });
});

describe('a refusal that looks like a result', () => {
  it('is unknown_method, alone or in an array', () => {
    const refusal = { code: '', message: 'unknown_method' };
    assert.deepEqual(refusalIn('unknown_method'), refusal);
    assert.deepEqual(refusalIn(['unknown_method']), refusal);
  });

  it('is nothing that may be a value', () => {
    for (const result of [
      ['ok'],
      ['error'],
      [300, 'error'],
      -1,
      ['null'],
      null,
      [],
      {},
      ['unknown_method', 1],
    ]) {
      assert.equal(refusalIn(result), undefined);
    }
  });
});
