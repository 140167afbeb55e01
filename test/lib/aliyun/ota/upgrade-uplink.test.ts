/** What an upgrade sends to the cloud: versions, requests and steps. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { fileVersionStore } from '../../../../lib/aliyun/ota';
import type { OtaClient } from '../../../../lib/aliyun/ota/upgrade';
import { data, NOWHERE, settled, UpgradeBench } from './upgrade-bench';

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

    it('that runs when the kept step has gone, not that of before', async () => {
      const client = bench.start({ version: '1.0.0' });
      await bench.device.push(data);
      await bench.finish();
      bench.device.online = false;
      await client.reportProgress(100, 'flashed');
      bench.device.sent.length = 0;
      let arrive = () => {};
      const slow = sinon.stub(bench.device, 'publish').callsFake(() => {
        slow.restore();
        return new Promise((resolve) => (arrive = resolve));
      });
      await bench.device.connect();
      await client.informVersion('2.0.0');
      arrive();
      await settled();
      const inform = { id: '1', params: { version: '2.0.0' } };
      assert.deepEqual(bench.device.sentTo('inform'), [inform, inform]);
    });

    it('one after the other, when several come at once', async () => {
      const events: string[] = [];
      const save = async (version: string) => {
        events.push(`${version} begins`);
        await settled();
        events.push(`${version} ends`);
      };
      const client = bench.start({ versionStore: { load: async () => undefined, save } });
      await Promise.all([client.informVersion('2'), client.informVersion('3')]);
      assert.deepEqual(events, ['2 begins', '2 ends', '3 begins', '3 ends']);
      assert.deepEqual(bench.device.sentTo('inform').at(-1), { id: '1', params: { version: '3' } });
    });

    it('that cannot be remembered too, and then says so', async () => {
      const client = bench.start({ version: '1.0.0', versionStore: fileVersionStore(NOWHERE, 'lamp') });
      await bench.device.push(data);
      await bench.finish();
      await assert.rejects(client.informVersion('2.0.0'), { reason: 'versionNotKept', code: 'CONFIG' });
      assert.equal(client.state, 'done');
      assert.deepEqual(bench.device.sentTo('inform').at(-1), { id: '1', params: { version: '2.0.0' } });
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
      const { options, end } = await bench.downloads.running();
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

    it('as sparingly as a download, but its first step, 100 and a failure at once, and 0 as 1', async () => {
      const clock = sinon.useFakeTimers({ toFake: ['performance'] });
      try {
        const client = bench.start();
        await bench.device.push(data);
        await bench.finish();
        bench.device.sent.length = 0;
        for (let step = 0; step <= 20; step++) {
          await client.reportProgress(step, 'flashing');
          clock.tick(1000);
        }
        await client.reportProgress(100, 'flashed');
        await client.reportProgress(-4, 'but it does not start');
        assert.deepEqual(bench.device.steps, ['1', '3', '6', '9', '12', '15', '18', '100', '-4']);
      } finally {
        clock.restore();
      }
    });

    for (const [what, leave] of [
      ['was cancelled', (client: OtaClient) => client.cancel()],
      ['has failed', (client: OtaClient) => client.reportProgress(-1, '')],
      ['has succeeded', (client: OtaClient) => client.informVersion('2.0.0')],
    ] as const) {
      it(`nothing of an upgrade that ${what}`, async () => {
        const client = bench.start();
        await bench.device.push(data);
        await bench.finish();
        bench.device.online = false;
        await leave(client);
        const { state } = client;
        await client.reportProgress(60, 'flashing');
        await client.reportProgress(-4, 'flashing failed');
        await bench.device.connect();
        assert.equal(client.state, state);
        assert.deepEqual(bench.device.steps, state === 'failed' ? ['1', '100', '-1'] : ['1', '100']);
      });
    }

    it('nothing of another version than that of the upgrade', async () => {
      const client = bench.start();
      await bench.device.push(data);
      await bench.finish();
      await client.reportProgress(30, 'flashing', '2.0.0');
      await bench.device.push({ ...data, version: '3.0.0' });
      await bench.finish();
      bench.device.sent.length = 0;
      for (const step of [50, 100, -4]) await client.reportProgress(step, 'flashing the old one', '2.0.0');
      assert.equal(client.state, 'verified');
      assert.deepEqual(bench.device.steps, []);
      await client.reportProgress(40, 'flashing', '3.0.0');
      assert.deepEqual([client.state, bench.device.steps], ['flashing', ['40']]);
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

  it('takes another firmware than the one whose failure the cloud has yet to hear', async () => {
    const client = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    bench.device.online = false;
    await bench.breakOff('otaVerifyFailed');
    await bench.device.push({ ...data, version: '3.0.0' });
    assert.deepEqual([client.state, bench.told.notices], ['downloading', ['2.0.0', '3.0.0']]);
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
