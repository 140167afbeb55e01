/** After close nothing is taken, changed, informed or fetched, however late the cloud or the disk answers. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { MialinkError } from '../../../../lib/errors';
import { data, settled, UpgradeBench } from './upgrade-bench';

describe('a closed firmware upgrade', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  it('takes nothing of a late reply', async () => {
    const client = bench.start({ version: '1.0.0' });
    await settled();
    let reply = () => {};
    sinon
      .stub(bench.device, 'request')
      .callsFake(
        () => new Promise((resolve) => (reply = () => resolve({ id: '1', code: 200, message: '', data }))),
      );
    const requested = assert.rejects(client.requestFirmware(), { code: 'CANCELLED' });
    await settled();
    await client.close();
    bench.device.sent.length = 0;
    reply();
    await requested;
    await settled();
    assert.equal(client.state, 'idle');
    assert.deepEqual([bench.told.notices, bench.downloads.started, bench.device.sent], [[], [], []]);
  });

  it('has remembered the version that was informed before, and its success', async () => {
    let stored = '1.0.0';
    const versionStore = {
      load: async () => stored,
      save: async (version: string) => {
        await settled();
        stored = version;
      },
    };
    const client = bench.start({ versionStore });
    await bench.device.push(data);
    await bench.finish();
    bench.device.sent.length = 0;
    const informed = client.informVersion('2.0.0');
    await Promise.resolve();
    await Promise.resolve();
    await client.close();
    assert.deepEqual([stored, bench.disk.states.at(-1)], ['2.0.0', 'done']);
    await informed;
    assert.deepEqual(bench.device.sent, []);
    bench.start({ versionStore });
    await settled();
    assert.deepEqual(bench.device.sentTo('inform'), [{ id: '1', params: { version: '2.0.0' } }]);
  });

  it('does nothing that was asked for in the moment before', async () => {
    const client = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    await bench.finish();
    const { sent } = bench.device;
    const before = sent.length;
    const refused = [client.reportProgress(50, ''), client.informVersion('2.0.0'), client.cancel()].map(
      (work) => assert.rejects(work, { code: 'CANCELLED' }),
    );
    const closed = client.close();
    await Promise.all([...refused, closed]);
    assert.deepEqual([client.state, sent.length], ['verified', before]);
  });

  it('informs nothing at the connect that it was closed in', async () => {
    const client = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    bench.device.online = false;
    await client.cancel();
    bench.device.sent.length = 0;
    let arrive = () => {};
    const slow = sinon
      .stub(bench.device, 'publish')
      .callsFake(() => new Promise((resolve) => (arrive = resolve)));
    await bench.device.connect();
    assert.equal(slow.callCount, 1);
    await client.close();
    arrive();
    await settled();
    assert.equal(slow.callCount, 1);
  });
});

describe('a firmware upgrade on a busy connection', () => {
  let bench: UpgradeBench;
  let clock: sinon.SinonFakeTimers;

  beforeEach(() => {
    bench = new UpgradeBench();
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(async () => {
    await bench.close();
    clock.restore();
  });

  const busy = () => new MialinkError('uplinkBusy', { device: 'lamp' });

  it('sends a failure without a new connect, and takes the firmware then', async () => {
    const client = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    await bench.finish();
    bench.device.problems.push(busy());
    await client.reportProgress(-4, 'worn out');
    assert.deepEqual(bench.device.steps, ['1', '100']);
    await bench.device.push(data);
    assert.equal(client.state, 'failed');
    await clock.tickAsync(2_000);
    assert.deepEqual(bench.device.steps, ['1', '100', '-4']);
    await bench.device.push(data);
    assert.equal(client.state, 'downloading');
  });

  it('informs the version without a new connect', async () => {
    const client = bench.start({ version: '1.0.0' });
    await settled();
    bench.device.problems.push(busy());
    await client.informVersion('2.0.0');
    await clock.tickAsync(2_000);
    assert.deepEqual(bench.device.sentTo('inform').at(-1), { id: '1', params: { version: '2.0.0' } });
  });

  it('tries no more when it is closed', async () => {
    const client = bench.start({ version: '1.0.0' });
    await bench.device.push(data);
    await bench.finish();
    bench.device.problems.push(busy(), busy());
    await client.informVersion('1.1.0');
    await client.reportProgress(50, 'flashing');
    await client.close();
    assert.equal(clock.countTimers(), 0);
  });
});
