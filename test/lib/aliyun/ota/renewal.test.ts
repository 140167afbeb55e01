/** A fresh address for a firmware whose address has expired: from a notice that has come since, or asked for. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { MialinkError } from '../../../../lib/errors';
import { deferred } from '../../../../lib/wait';
import { data, FakeDevice, NOWHERE, settled, UpgradeBench } from './upgrade-bench';

const refusal = (code: number) =>
  new MialinkError('cloudRefused', { device: 'lamp' }, { peer: { code, message: '' } });
const expired = new MialinkError('otaUrlExpired', { device: 'lamp', status: 403 });
const fresh = { ...data, url: 'https://h/fresh.bin?topsecret' };

describe('a firmware whose address has expired', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  const expire = () => bench.downloads.last.end(expired);
  const downloads = (count: number) => bench.until(() => bench.downloads.started.length === count);

  it('is asked for, and the download goes on', async () => {
    const client = bench.start();
    await bench.device.push(data);
    bench.device.reply = fresh;
    expire();
    await downloads(2);
    assert.equal(bench.downloads.last.file.url, fresh.url);
    assert.match(bench.disk.saved.at(-1) ?? '', /fresh\.bin/);
    await bench.finish();
    assert.deepEqual([client.state, bench.told.failures, bench.told.notices], ['verified', [], ['2.0.0']]);
  });

  it('is not asked for twice', async () => {
    const client = bench.start();
    await bench.device.push(data);
    bench.device.reply = fresh;
    expire();
    await downloads(2);
    await bench.breakOff('otaUrlExpired');
    bench.assertFailed(client, -2, 'otaUrlExpired');
    assert.equal(bench.device.asked.length, 1);
  });

  it('is asked for again after a restart: days may lie between them', async () => {
    bench.start();
    await bench.device.push(data);
    bench.device.reply = fresh;
    expire();
    await downloads(2);
    await bench.close();
    const client = bench.start();
    await downloads(3);
    expire();
    await downloads(4);
    await bench.finish();
    assert.deepEqual([client.state, bench.device.asked.length], ['verified', 2]);
  });

  it('is fetched from that of a newer notice, and nothing is asked', async () => {
    bench.start();
    await bench.device.push(data);
    await bench.device.push(fresh);
    expire();
    await downloads(2);
    assert.equal(bench.downloads.last.file.url, fresh.url);
    assert.deepEqual(bench.device.asked, []);
  });

  it('is fetched from that of a notice that has come since it was asked for, and not asked for again', async () => {
    const client = bench.start();
    await bench.device.push(data);
    bench.device.reply = fresh;
    expire();
    await downloads(2);
    await bench.device.push(data);
    expire();
    await downloads(3);
    await bench.breakOff('otaUrlExpired');
    bench.assertFailed(client, -2, 'otaUrlExpired');
    assert.equal(bench.device.asked.length, 1);
  });

  it('fails with step -2 when the cloud replies and pushes, whenever it is asked, and no address is any good', async () => {
    class Pushy extends FakeDevice {
      override async request(method: string, params: unknown, options?: { topic?: string }) {
        const reply = await super.request(method, params, options);
        setImmediate(() => this.push(data));
        return reply;
      }
    }
    bench = new UpgradeBench(new Pushy());
    bench.device.reply = data;
    let fetched = 0;
    const client = bench.start({}, async () => {
      fetched += 1;
      // The cloud's word comes before the server's, and again, for as long as it is listened to.
      await bench.device.push(data);
      assert.ok(fetched < 10, 'it goes on for ever');
      throw expired;
    });
    await bench.device.push(data);
    await bench.until(() => bench.told.failures.length > 0);
    bench.assertFailed(client, -2, 'otaUrlExpired');
    assert.deepEqual([fetched, bench.device.asked.length], [3, 1]);
  });

  for (const [what, reply] of [
    ['has none', {}],
    ['refuses', refusal(500)],
  ] as const) {
    it(`fails with step -2 when the cloud ${what}`, async () => {
      const client = bench.start({ version: '1.0.0' });
      await bench.device.push(data);
      bench.device.reply = reply;
      await bench.breakOff('otaUrlExpired');
      bench.assertFailed(client, -2, 'otaUrlExpired');
      assert.equal(bench.downloads.started.length, 1);
    });
  }

  describe('where the cloud knows only the old way to ask', () => {
    const request = { id: '1', params: { version: '1.0.0' } };

    for (const reply of [refusal(404), new MialinkError('noReply', { device: 'lamp' })]) {
      it(`is fetched from the notice that comes then (${reply.reason})`, async () => {
        const client = bench.start({ version: '1.0.0' });
        await bench.device.push(data);
        bench.device.reply = reply;
        expire();
        await settled();
        assert.deepEqual(bench.device.sentTo('request'), [request]);
        await bench.device.push(fresh);
        await downloads(2);
        assert.equal(bench.downloads.last.file.url, fresh.url);
        await bench.finish();
        assert.deepEqual([client.state, bench.told.failures], ['verified', []]);
      });
    }

    it('fails with step -2 when no notice comes', async () => {
      const client = bench.start({ version: '1.0.0' });
      await bench.device.push(data);
      bench.device.reply = refusal(404);
      const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      expire();
      await settled();
      await clock.tickAsync(29_000);
      assert.equal(client.state, 'downloading');
      await clock.tickAsync(2_000);
      clock.restore();
      await bench.until(() => bench.told.failures.length === 1);
      bench.assertFailed(client, -2, 'otaUrlExpired');
    });

    it('waits for no notice any more when it is closed', async () => {
      const client = bench.start({ version: '1.0.0' });
      await bench.device.push(data);
      bench.device.reply = refusal(404);
      expire();
      await settled();
      await client.close();
      assert.deepEqual([client.state, bench.told.failures], ['downloading', []]);
    });
  });

  it('does not keep close waiting for the reply', async () => {
    class Silent extends FakeDevice {
      readonly reached = deferred<void>();
      override async request(): Promise<never> {
        this.reached.resolve();
        return deferred<never>().promise;
      }
    }
    const device = new Silent();
    bench = new UpgradeBench(device);
    const client = bench.start();
    await device.push(data);
    expire();
    await device.reached.promise;
    await client.close();
    assert.deepEqual([client.state, bench.told.failures], ['downloading', []]);
  });

  it('is asked for as soon as the broker is back', async () => {
    const client = bench.start();
    await bench.device.push(data);
    bench.device.reply = fresh;
    bench.device.online = false;
    expire();
    await settled();
    assert.deepEqual([client.state, bench.told.failures], ['downloading', []]);
    await bench.device.connect();
    await downloads(2);
    assert.equal(bench.downloads.last.file.url, fresh.url);
  });

  it('is asked for no more when it is given up meanwhile', async () => {
    const client = bench.start();
    await bench.device.push(data);
    bench.device.online = false;
    expire();
    await settled();
    await client.cancel();
    bench.device.reply = fresh;
    await bench.device.connect();
    bench.assertFailed(client, -1, 'aborted');
    assert.deepEqual([bench.device.asked, bench.downloads.started.length], [[], 1]);
  });

  it('gives way to the newer firmware that the cloud has instead', async () => {
    bench.start();
    await bench.device.push(data);
    bench.device.reply = { ...fresh, version: '3.0.0' };
    expire();
    await downloads(2);
    await bench.finish();
    assert.deepEqual(bench.told.firmware, [[`${NOWHERE}/default-3.0.0.bin`]]);
    assert.deepEqual(bench.told.failures, []);
  });
});
