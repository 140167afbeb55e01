/** The cloud is asked: for a firmware, and for a fresh address when that of a firmware has expired. */
import assert from 'node:assert/strict';
import { MialinkError } from '../../../../lib/errors';
import { data, FakeDevice, NOWHERE, settled, UpgradeBench } from './upgrade-bench';

const GET = 'thing.ota.firmware.get';
const TOPIC = '/sys/pk/dn/thing/ota/firmware/get';

const refusal = (code: number) =>
  new MialinkError('cloudRefused', { device: 'lamp' }, { peer: { code, message: '' } });

describe('a firmware upgrade asks the cloud', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  describe('for a firmware', () => {
    it('and takes the one in the reply', async () => {
      bench.device.reply = { ...data, module: 'MCU' };
      const client = bench.start({ version: '1.0.0', module: 'MCU' });
      await client.requestFirmware();
      assert.deepEqual(bench.device.asked, [[GET, { module: 'MCU' }, TOPIC]]);
      assert.equal(client.state, 'downloading');
      assert.deepEqual(bench.told.notices, ['2.0.0']);
    });

    it('and does nothing when there is none', async () => {
      const client = bench.start({ version: '1.0.0' });
      await client.requestFirmware();
      assert.deepEqual(bench.device.asked, [[GET, {}, TOPIC]]);
      assert.equal(client.state, 'idle');
      assert.deepEqual(bench.device.sentTo('request'), []);
    });

    it('in the old way when it does not know the new one', async () => {
      const client = bench.start({ version: '1.0.0', module: 'MCU' });
      const request = { id: '1', params: { version: '1.0.0', module: 'MCU' } };
      for (const reply of [refusal(404), new MialinkError('noReply', { device: 'lamp' })]) {
        bench.device.sent.length = 0;
        bench.device.reply = reply;
        await client.requestFirmware();
        assert.deepEqual(bench.device.sentTo('request'), [request]);
      }
    });

    it('and says when the cloud refuses, the broker is away, or no version is known', async () => {
      const client = bench.start({ version: '1.0.0' });
      for (const code of [429, 9112, 500]) {
        bench.device.reply = refusal(code);
        await assert.rejects(client.requestFirmware(), { code: 'DEVICE' });
      }
      bench.device.online = false;
      await assert.rejects(client.requestFirmware(), { code: 'TRANSPORT' });
      assert.deepEqual(bench.device.sentTo('request'), []);
      const other = bench.start({ module: 'MCU' });
      await assert.rejects(other.requestFirmware(), { reason: 'versionMissing' });
    });

    it('and fails with step -1 when its reply cannot be followed', async () => {
      bench.device.reply = { ...data, sign: undefined };
      const client = bench.start({ version: '1.0.0' });
      await client.requestFirmware();
      bench.assertFailed(client, -1, 'otaNoticeInvalid');
    });
  });

  describe('for a fresh address', () => {
    const expired = new MialinkError('otaUrlExpired', { device: 'lamp', status: 403 });
    const fresh = { ...data, url: 'https://h/fresh.bin?topsecret' };

    it('once, and goes on with it', async () => {
      const client = bench.start();
      await bench.device.push(data);
      bench.device.reply = fresh;
      (await bench.downloads.running()).end(expired);
      await bench.until(() => bench.downloads.started.length === 2);
      assert.equal((await bench.downloads.running()).file.url, fresh.url);
      assert.match(bench.disk.saved.at(-1) ?? '', /fresh\.bin/);
      await bench.finish();
      assert.deepEqual([client.state, bench.told.failures, bench.told.notices], ['verified', [], ['2.0.0']]);
    });

    it('but not twice, unless the program has started anew between them', async () => {
      for (const restarts of [false, true]) {
        bench = new UpgradeBench();
        let client = bench.start();
        await bench.device.push(data);
        bench.device.reply = fresh;
        (await bench.downloads.running()).end(expired);
        await bench.until(() => bench.downloads.started.length === 2);
        if (restarts) {
          await bench.close();
          client = bench.start();
          await bench.until(() => bench.downloads.started.length === 3);
          (await bench.downloads.running()).end(expired);
          await bench.until(() => bench.downloads.started.length === 4);
        }
        await bench.breakOff('otaUrlExpired');
        bench.assertFailed(client, -2, 'otaUrlExpired');
        assert.equal(bench.device.asked.length, restarts ? 2 : 1);
        await bench.close();
      }
    });

    for (const [what, reply] of [
      ['has none', {}],
      ['refuses', refusal(500)],
      ['does not know how', refusal(404)],
    ] as const) {
      it(`and fails with step -2 when the cloud ${what}`, async () => {
        const client = bench.start();
        await bench.device.push(data);
        bench.device.reply = reply;
        await bench.breakOff('otaUrlExpired');
        bench.assertFailed(client, -2, 'otaUrlExpired');
        assert.equal(bench.downloads.started.length, 1);
      });
    }

    it('as soon as the broker is back', async () => {
      const client = bench.start();
      await bench.device.push(data);
      bench.device.reply = fresh;
      bench.device.online = false;
      (await bench.downloads.running()).end(expired);
      await settled();
      assert.deepEqual([client.state, bench.told.failures], ['downloading', []]);
      await bench.device.connect();
      await bench.until(() => bench.downloads.started.length === 2);
      assert.equal((await bench.downloads.running()).file.url, fresh.url);
    });

    it('no more when it is given up meanwhile', async () => {
      const client = bench.start();
      await bench.device.push(data);
      bench.device.online = false;
      (await bench.downloads.running()).end(expired);
      await settled();
      await client.cancel();
      bench.device.reply = fresh;
      await bench.device.connect();
      bench.assertFailed(client, -1, 'aborted');
      assert.deepEqual([bench.device.asked, bench.downloads.started.length], [[], 1]);
    });

    it('and takes the newer firmware that it is given instead', async () => {
      bench.start();
      await bench.device.push(data);
      bench.device.reply = { ...fresh, version: '3.0.0' };
      (await bench.downloads.running()).end(expired);
      await bench.until(() => bench.downloads.started.length === 2);
      await bench.finish();
      assert.deepEqual(bench.told.firmware, [[`${NOWHERE}/default-3.0.0.bin`]]);
      assert.deepEqual(bench.told.failures, []);
    });
  });

  it('for a sub-device on the connection of its gateway, by the topics of the sub-device', async () => {
    bench = new UpgradeBench(new FakeDevice({ productKey: 'sub-pk', deviceName: 'sub-dn' }));
    const client = bench.start({ version: '1.0.0' });
    await client.requestFirmware();
    await bench.device.push(data);
    await bench.finish();
    const topics = [
      ...bench.device.sent.map(([topic]) => topic),
      ...bench.device.asked.map(([, , to]) => to),
    ];
    assert.deepEqual([...new Set(topics)].sort(), [
      '/ota/device/inform/sub-pk/sub-dn',
      '/ota/device/progress/sub-pk/sub-dn',
      '/sys/sub-pk/sub-dn/thing/ota/firmware/get',
    ]);
  });

  it('for nothing from two clients for one module of a device', async () => {
    const first = bench.start({ module: 'MCU' });
    assert.throws(() => bench.start({ module: 'MCU' }), { reason: 'otaModuleTaken', code: 'CONFIG' });
    await first.close();
    bench.start({ module: 'MCU' });
    bench.start({ module: 'other' });
  });
});
