/** The course of an upgrade, from its notice to its end. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import type { OtaClient } from '../../../../lib/aliyun/ota/upgrade';
import { data, NOWHERE, settled, UpgradeBench } from './upgrade-bench';

describe('a firmware upgrade', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  it('goes from the notice to the new version', async () => {
    const client = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    assert.equal(client.state, 'downloading');
    assert.deepEqual(bench.device.steps, ['1']);
    await bench.finish();
    assert.equal(client.state, 'verified');
    assert.deepEqual(bench.told, {
      notices: ['2.0.0'],
      steps: [1, 100],
      firmware: [[`${NOWHERE}/default-2.0.0.bin`]],
      repeated: [false],
      failures: [],
    });
    assert.deepEqual(bench.device.steps, ['1', '100']);
    await client.informVersion('2.0.0');
    assert.equal(client.state, 'done');
    await bench.device.push(data);
    assert.equal(bench.downloads.started.length, 1);
  });

  describe('tells each state that it enters', () => {
    function statesOf(client: OtaClient): string[] {
      const states: string[] = [];
      client.on('state', (state) => states.push(state));
      return states;
    }

    it('from the notice to the new version, and its end', async () => {
      const client = bench.start({ download: 'manual' });
      const states = statesOf(client);
      await bench.device.push(data);
      await bench.device.push({ ...data, url: 'https://h/fresh.bin' });
      await client.startDownload();
      await settled();
      (await bench.downloads.running()).options.onProgress?.(1000, 1000);
      await bench.finish();
      await client.reportProgress(0, 'flashing');
      await client.reportProgress(99, 'flashing');
      await client.reportProgress(100, 'flashed');
      await client.reportProgress(100, 'flashed');
      await client.informVersion('1.9.0');
      await client.informVersion('2.0.0');
      await client.close();
      const course = ['notified', 'downloading', 'verifying', 'verified', 'flashing', 'waiting', 'done'];
      assert.deepEqual(states, course);
      assert.deepEqual(bench.disk.states.at(-1), 'done');
    });

    for (const [what, end, leave] of [
      ['a failure that the flow reports', 'failed', (client: OtaClient) => client.reportProgress(-1, '')],
      ['its version, informed by the flow', 'done', (client: OtaClient) => client.informVersion('2.0.0')],
      ['cancel', 'failed', (client: OtaClient) => client.cancel()],
    ] as const) {
      it(`${end} by ${what}`, async () => {
        const client = bench.start();
        const states = statesOf(client);
        await bench.device.push(data);
        await leave(client);
        assert.deepEqual(states, ['notified', 'downloading', end]);
      });
    }

    it('also to a listener that throws, and goes on', async () => {
      const client = bench.start();
      client.on('state', () => {
        throw new Error('a bug of the listener');
      });
      await bench.device.push(data);
      await bench.finish();
      assert.equal(client.state, 'verified');
      assert.equal(bench.told.firmware.length, 1);
    });
  });

  describe('by hand', () => {
    it('waits for the word, and uses the freshest address', async () => {
      const client = bench.start({ download: 'manual' });
      await bench.device.push(data);
      await bench.device.push({ ...data, url: 'https://h/fresh.bin' });
      assert.equal(client.state, 'notified');
      assert.deepEqual([bench.told.notices, bench.told.steps], [['2.0.0'], []]);
      await client.startDownload();
      await settled();
      assert.equal((await bench.downloads.running()).file.url, 'https://h/fresh.bin');
      await assert.rejects(client.startDownload(), { reason: 'otaNothingPending', code: 'CONFIG' });
    });

    it('says when there is nothing to do', () =>
      assert.rejects(bench.start({ download: 'manual' }).startDownload(), { reason: 'otaNothingPending' }));
  });

  it('outlives a listener that throws', async () => {
    const client = bench.start();
    client.on('progress', () => {
      throw new Error('a bug of the flow');
    });
    client.on('failed', () => {
      throw new Error('another');
    });
    await bench.device.push(data);
    await bench.breakOff('otaVerifyFailed');
    assert.equal(client.state, 'failed');
    assert.deepEqual(bench.device.steps, ['1', '-3']);
  });

  it('says nothing and listens to nothing after close', async () => {
    const client = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    const { signal } = (await bench.downloads.running()).options;
    bench.device.sent.length = 0;
    await client.close();
    assert.equal(signal?.aborted, true);
    assert.equal(bench.device.listeners, 0);
    await bench.device.connect();
    await settled();
    assert.deepEqual([bench.device.sent, bench.told.failures, bench.told.firmware], [[], [], []]);
    await assert.rejects(client.informVersion('3'), { code: 'CANCELLED' });
    await assert.rejects(client.reportProgress(1, ''), { code: 'CANCELLED' });
    await client.close();
  });

  it('sends no step after close that waited for another', async () => {
    const client = bench.start();
    let arrive = () => {};
    const slow = sinon
      .stub(bench.device, 'publish')
      .callsFake(() => new Promise((resolve) => (arrive = resolve)));
    client.reportProgress(1, '');
    client.reportProgress(2, '');
    await settled();
    await client.close();
    arrive();
    await settled();
    assert.equal(slow.callCount, 1);
  });

  it('takes no notice that came before close, but waited for the remembered version', async () => {
    let load = (_: undefined) => {};
    const versionStore = {
      load: () => new Promise<undefined>((resolve) => (load = resolve)),
      save: async () => {},
    };
    const client = bench.start({ versionStore });
    await bench.device.push(data);
    await client.close();
    load(undefined);
    await settled();
    assert.deepEqual([bench.told.notices, bench.device.sent, bench.downloads.started], [[], [], []]);
  });
});
