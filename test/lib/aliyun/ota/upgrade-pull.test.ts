/** The cloud is asked for a firmware. For a fresh address it is in `renewal.test`. */
import assert from 'node:assert/strict';
import { MialinkError } from '../../../../lib/errors';
import { data, FakeDevice, UpgradeBench } from './upgrade-bench';

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

  it('for a sub-device, by its own topics', async () => {
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

  it('by one client only for each module of a device', async () => {
    const first = bench.start({ module: 'MCU' });
    assert.throws(() => bench.start({ module: 'MCU' }), { reason: 'otaModuleTaken', code: 'CONFIG' });
    await first.close();
    bench.start({ module: 'MCU' });
    bench.start({ module: 'other' });
  });
});
