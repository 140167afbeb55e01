import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readFirmware, readProgress, readRefusal, readState } from '../../../../lib/miio/ota/answers';

describe('the answers about an update', () => {
  it('read the state, in a list or alone, whatever its case', () => {
    assert.equal(readState(['idle']), 'idle');
    assert.equal(readState('Installing '), 'installing');
    assert.equal(readState(['verifying-image']), 'verifying-image');
  });

  it('read the typos of a state', () => {
    assert.equal(readState(['dowloaded']), 'downloaded');
    assert.equal(readState(['dowloading']), 'downloading');
  });

  it('take for unknown what is no word', () => {
    for (const result of [[], null, 0, ['a'.repeat(40)], ['<script>'], [['idle']], { state: 'idle' }, ['']]) {
      assert.equal(readState(result), 'unknown', JSON.stringify(result));
    }
    assert.equal(readState(['constructor']), 'constructor');
  });

  it('read the progress as number or text, and 101 for no update', () => {
    assert.equal(readProgress([42]), 42);
    assert.equal(readProgress(['42']), 42);
    assert.equal(readProgress(99.7), 99);
    assert.equal(readProgress([101]), 101);
    for (const result of [[], [102], [-1], ['x'], null, [Number.NaN]])
      assert.equal(readProgress(result), undefined);
  });

  it('read version and uptime, as far as they are there', () => {
    assert.deepEqual(readFirmware({ fw_ver: '1.2.3', life: 60 }), { version: '1.2.3', uptimeS: 60 });
    const nothing = { version: undefined, uptimeS: undefined };
    for (const result of [
      {},
      null,
      [],
      'x',
      { fw_ver: '', life: -1 },
      { fw_ver: 'v'.repeat(99), life: '7' },
    ]) {
      assert.deepEqual(readFirmware(result), nothing, JSON.stringify(result));
    }
  });

  it('see a refusal that looks like a success', () => {
    assert.equal(readRefusal([-1]), '-1');
    assert.equal(readRefusal(-1), '-1');
    assert.equal(readRefusal(['error']), 'error');
    assert.equal(readRefusal('unknown_method'), 'unknown_method');
    for (const result of [['ok'], 'OK', 0, [0], [], null]) assert.equal(readRefusal(result), undefined);
  });

  it('are read to something defined, whatever they are', () => {
    fc.assert(
      fc.property(fc.anything(), (result) => {
        assert.match(readState(result), /^[a-z][\w-]{0,31}$/);
        const progress = readProgress(result);
        assert.ok(progress === undefined || (Number.isInteger(progress) && progress >= 0 && progress <= 101));
        const { version = '1', uptimeS = 0 } = readFirmware(result);
        assert.ok(version.length > 0 && version.length <= 64 && uptimeS >= 0);
        assert.ok(['undefined', 'string'].includes(typeof readRefusal(result)));
      }),
    );
  });
});
