/** What an upgrade sends to the cloud: versions, requests and steps. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { data, NOWHERE, settled, sign, UpgradeBench } from './upgrade-bench';

describe('a firmware upgrade', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  describe('informs the version', () => {
    it('at each connect', async () => {
      bench.device.online = false;
      bench.start({ version: '1.0.0' });
      await bench.device.connect();
      await bench.device.connect();
      const inform = { id: '1', params: { version: '1.0.0' } };
      assert.deepEqual(bench.device.sentTo('inform'), [inform, inform]);
    });

    it('with its module, unless that is the default one', async () => {
      bench.start({ version: '1.0.0', module: 'MCU' });
      await settled();
      assert.deepEqual(bench.device.sentTo('inform'), [
        { id: '1', params: { version: '1.0.0', module: 'MCU' } },
      ]);
    });

    it('not at all as long as it is unknown', async () => {
      bench.start();
      await settled();
      assert.deepEqual(bench.device.sent, []);
    });

    it('of the flow at once and from then on, and remembers it', async () => {
      const saved: string[] = [];
      const versionStore = { load: async () => undefined, save: async (v: string) => void saved.push(v) };
      bench.device.online = false;
      const client = bench.start({ version: '1.0.0', versionStore });
      bench.device.online = true;
      await client.informVersion('2.0.0');
      await bench.device.connect();
      const inform = { id: '1', params: { version: '2.0.0' } };
      assert.deepEqual(bench.device.sentTo('inform'), [inform, inform]);
      assert.deepEqual(saved, ['2.0.0']);
    });

    it('that was remembered, not the configured one', async () => {
      bench.start({ version: '1.0.0', versionStore: { load: async () => '3.0.0', save: async () => {} } });
      await settled();
      assert.deepEqual(bench.device.sentTo('inform'), [{ id: '1', params: { version: '3.0.0' } }]);
    });

    it('as configured when the memory cannot be read', async () => {
      const load = () => Promise.reject(new Error('broken'));
      bench.start({ version: '1.0.0', versionStore: { load, save: async () => {} } });
      await settled();
      assert.deepEqual(bench.device.sentTo('inform'), [{ id: '1', params: { version: '1.0.0' } }]);
      assert.deepEqual(
        bench.warnings.map(({ reason, message }) => [reason, /lamp: .*broken/.test(message)]),
        [['versionUnreadable', true]],
      );
    });

    it('at the next connect when the broker is away', async () => {
      const client = bench.start();
      bench.device.online = false;
      await client.informVersion('2.0.0');
      await bench.device.connect();
      assert.deepEqual(bench.device.sentTo('inform'), [{ id: '1', params: { version: '2.0.0' } }]);
    });

    it('only if there is one', () =>
      assert.rejects(bench.start().informVersion(''), { reason: 'versionMissing' }));
  });

  it('names its module in each step', async () => {
    bench.start({ module: 'MCU' });
    await bench.device.push({ ...data, module: 'MCU' });
    assert.deepEqual(bench.device.sentTo('progress'), [
      { id: '1', params: { step: '1', desc: 'downloading', module: 'MCU' } },
    ]);
  });

  it('paces the progress, but never the last step', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['performance'] });
    try {
      bench.start();
      await bench.device.push(data);
      const { options, end } = bench.downloads.last;
      for (let received = 10; received <= 1000; received += 10) {
        options.onProgress?.(received, 1000);
        clock.tick(100);
        await settled();
      }
      end();
      await bench.until(() => bench.told.steps.includes(100));
      assert.deepEqual(bench.device.steps, ['1', '31', '61', '91', '100']);
      assert.deepEqual(bench.told.steps, [1, 31, 61, 91, 100]);
    } finally {
      clock.restore();
    }
  });

  it('counts several files as one', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['performance'] });
    try {
      const client = bench.start();
      const bytes: (number | undefined)[] = [];
      client.on('progress', ({ received }) => bytes.push(received));
      const file = { fileUrl: 'https://h/f', fileSign: sign };
      const files = [
        { ...file, fileName: 'a', fileSize: 100 },
        { ...file, fileName: 'b', fileSize: 300 },
      ];
      await bench.device.push({ version: '2', signMethod: 'SHA256', files });
      bench.downloads.last.end();
      await settled();
      clock.tick(3000);
      bench.downloads.last.options.onProgress?.(100, 300);
      await bench.finish();
      assert.deepEqual(bench.told.firmware, [[`${NOWHERE}/default-2-a`, `${NOWHERE}/default-2-b`]]);
      assert.deepEqual(bench.told.steps, [1, 50, 100]);
      assert.deepEqual(bytes, [0, 200, 400]);
    } finally {
      clock.restore();
    }
  });

  describe('reports for the flow', () => {
    it('its own steps', async () => {
      const client = bench.start();
      await client.reportProgress(50, 'flashing');
      assert.deepEqual(bench.device.sentTo('progress'), [
        { id: '1', params: { step: '50', desc: 'flashing' } },
      ]);
      assert.deepEqual(bench.told.steps, []);
    });

    it('that flashing failed, which ends the upgrade', async () => {
      const client = bench.start();
      await bench.device.push(data);
      await bench.finish();
      await client.reportProgress(-4, 'flash is worn out');
      assert.equal(client.state, 'failed');
      assert.deepEqual(bench.device.steps, ['1', '100', '-4']);
      assert.deepEqual(bench.told.failures, []);
      await bench.device.push(data);
      assert.equal(client.state, 'downloading');
    });

    it('no step that does not exist', async () => {
      const client = bench.start();
      for (const step of [-5, 101, 1.5, Number.NaN]) {
        await assert.rejects(client.reportProgress(step, ''), {
          reason: 'stepInvalid',
          code: 'CONFIG',
        });
      }
      assert.deepEqual(bench.device.sent, []);
    });
  });

  it('goes on while the broker is away, and sends the last step at the next connect', async () => {
    bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    bench.device.online = false;
    await bench.breakOff('otaVerifyFailed');
    assert.deepEqual(bench.told.steps, [1, -3]);
    assert.deepEqual(bench.device.steps, ['1']);
    await bench.device.connect();
    assert.deepEqual(bench.device.steps, ['1', '-3']);
    await bench.device.connect();
    assert.deepEqual(bench.device.steps, ['1', '-3']);
  });

  it('takes no firmware again of which the cloud has yet to hear that it has failed', async () => {
    const client = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    bench.device.online = false;
    await bench.breakOff('otaVerifyFailed');
    await bench.device.push(data);
    assert.equal(client.state, 'failed');
    await bench.device.connect();
    assert.deepEqual(bench.device.steps, ['1', '-3']);
    await bench.device.push(data);
    assert.equal(client.state, 'downloading');
  });
});
