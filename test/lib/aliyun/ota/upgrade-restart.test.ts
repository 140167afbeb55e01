/** A program that is started anew goes on where the upgrade was. */
import assert from 'node:assert/strict';
import { MialinkError } from '../../../../lib/errors';
import { data, settled, UpgradeBench } from './upgrade-bench';

describe('a firmware upgrade, after a restart', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  /** The program ends, and starts again. */
  async function restart(options = {}) {
    await bench.close();
    return bench.start(options);
  }

  it('still waits for the word, and downloads by it', async () => {
    bench.start({ download: 'manual' });
    await bench.device.push(data);
    const client = await restart({ download: 'manual' });
    await settled();
    assert.equal(client.state, 'notified');
    await client.startDownload();
    await bench.finish();
    assert.equal(client.state, 'verified');
  });

  it('goes on with the download, and does not tell its beginning again', async () => {
    bench.start();
    await bench.device.push(data);
    const client = await restart();
    await bench.downloads.running();
    assert.equal(bench.downloads.started.length, 2);
    assert.equal(client.state, 'downloading');
    (await bench.downloads.running()).options.onProgress?.(500, 1000);
    await bench.finish();
    assert.deepEqual(bench.told.steps, [1, 50, 100]);
    assert.deepEqual(bench.told.repeated, [false]);
  });

  for (const [state, step] of [
    ['verified', undefined],
    ['flashing', 40],
    ['waiting', 100],
  ] as const) {
    it(`verifies the file again and hands it out once more when it was ${state}`, async () => {
      const before = bench.start();
      await bench.device.push(data);
      await bench.finish();
      if (step !== undefined) await before.reportProgress(step, 'flashing');
      assert.equal(bench.disk.states.at(-1), state);
      for (let times = 2; times < 4; times++) {
        const client = await restart();
        await settled();
        assert.equal(client.state, 'verifying');
        await bench.finish();
        assert.equal(client.state, 'verified');
        assert.equal(bench.told.firmware.length, times);
        assert.equal(bench.told.repeated.at(-1), true);
      }
      assert.deepEqual(bench.told.notices, ['2.0.0']);
      assert.deepEqual(bench.told.failures, []);
    });
  }

  it('fetches again what was verified, but is no longer on the disk', async () => {
    bench.start();
    await bench.device.push(data);
    await bench.finish();
    const client = await restart();
    await settled();
    (await bench.downloads.running()).options.onProgress?.(10, 1000);
    assert.equal(client.state, 'downloading');
    await bench.finish();
    assert.deepEqual(bench.told.repeated, [false, true]);
  });

  it('informs what runs, and succeeds with the version of the flow that has got the firmware again', async () => {
    const before = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    await bench.finish();
    await before.reportProgress(100, 'flashed');
    bench.device.sent.length = 0;
    const client = await restart({ version: '1.0.0' });
    await settled();
    assert.deepEqual(bench.device.sentTo('inform'), [{ id: '1', params: { version: '1.0.0' } }]);
    await bench.finish();
    await client.informVersion('2.0.0');
    assert.equal(client.state, 'done');
  });

  it('has succeeded when the version that it waits for runs', async () => {
    const before = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    await bench.finish();
    await before.reportProgress(100, 'flashed');
    const client = await restart({ version: '2.0.0' });
    await settled();
    assert.equal(client.state, 'done');
  });

  it('remembers that it has failed, and takes the same firmware anew', async () => {
    bench.start();
    await bench.device.push(data);
    await bench.breakOff('otaVerifyFailed');
    const client = await restart();
    const states: unknown[] = [];
    client.on('state', (state, version) => states.push([state, version]));
    await settled();
    assert.deepEqual(states, [['failed', '2.0.0']]);
    assert.equal(bench.downloads.started.length, 1);
    await bench.device.push(data);
    assert.equal(client.state, 'downloading');
  });

  describe('with a failure that the cloud has not heard', () => {
    beforeEach(async () => {
      const before = bench.start({ version: '1.0.0' });
      await bench.device.push(data);
      await bench.finish();
      bench.device.online = false;
      await before.reportProgress(-4, 'worn out');
      await restart({ version: '1.0.0' });
      await settled();
    });

    it('tells it at the connect, before the version, and once', async () => {
      bench.device.sent.length = 0;
      await bench.device.connect();
      const topics = bench.device.sent.map(([topic]) => topic.split('/')[3]);
      assert.deepEqual(topics, ['progress', 'inform']);
      assert.deepEqual(bench.device.sentTo('progress'), [
        { id: '1', params: { step: '-4', desc: 'worn out' } },
      ]);
      await restart();
      await bench.device.connect();
      assert.deepEqual(bench.device.steps, ['-4']);
    });

    it('does not take the same firmware before', async () => {
      await bench.device.push(data);
      assert.equal(bench.downloads.started.length, 1);
      await bench.device.connect();
      await bench.device.push(data);
      await bench.downloads.running();
      assert.equal(bench.downloads.started.length, 2);
    });
  });

  it('keeps no address on the disk of what has ended', async () => {
    bench.start();
    await bench.device.push(data);
    assert.match(bench.disk.saved.at(-1) ?? '', /topsecret/);
    await bench.breakOff('otaVerifyFailed');
    await bench.close();
    assert.equal(bench.disk.saved.at(-1), '{"state":"failed","version":"2.0.0"}');
  });

  it('writes down that a firmware is verified before it hands it out', async () => {
    const client = bench.start();
    const seen: (string | undefined)[] = [];
    client.on('firmware', () => seen.push(bench.disk.states.at(-1)));
    await bench.device.push(data);
    await bench.finish();
    assert.deepEqual(seen, ['verified']);
  });

  it('begins with the next notice, and warns, when the state cannot be read', async () => {
    bench.disk.load = () => Promise.reject(new Error('it is damaged'));
    const client = bench.start();
    await bench.device.push(data);
    assert.deepEqual(
      bench.warnings.map(({ reason, message }) => [reason, /lamp: .*it is damaged/.test(message)]),
      [['otaStateUnreadable', true]],
    );
    assert.equal(client.state, 'downloading');
  });

  it('goes through with it when the state cannot be written, and warns', async () => {
    bench.disk.save = () => Promise.reject(new MialinkError('otaStorageFailed', { device: 'lamp' }));
    const client = bench.start();
    await bench.device.push(data);
    await bench.finish();
    await client.informVersion('2.0.0');
    assert.equal(client.state, 'done');
    assert.ok(bench.warnings.length > 0);
    assert.ok(bench.warnings.every(({ reason }) => reason === 'otaStateNotKept'));
  });
});
