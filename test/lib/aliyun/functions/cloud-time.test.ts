import assert from 'node:assert/strict';
import fc from 'fast-check';
import sinon from 'sinon';
import { CloudClock, type CloudTime } from '../../../../lib/aliyun/functions/cloud-time';
import { MialinkError } from '../../../../lib/errors';
import { problemOf } from '../bench';
import { SendingChannel } from './sending-channel';

const REQUEST = '/ext/ntp/a1b2c3d4e5f/lamp-1/request';
const RESPONSE = '/ext/ntp/a1b2c3d4e5f/lamp-1/response';
const NOW = 1_571_724_098_000;

describe('the clock of the cloud', () => {
  let channel: SendingChannel;
  let cloudClock: CloudClock;
  let time: sinon.SinonFakeTimers;

  beforeEach(() => {
    time = sinon.useFakeTimers({ now: NOW, toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    channel = new SendingChannel();
    cloudClock = new CloudClock(channel);
  });
  afterEach(() => {
    cloudClock.close();
    assert.equal(time.countTimers(), 0);
    sinon.restore();
  });

  const sendTimes = () =>
    channel.published.map(({ payload }) => (payload as { deviceSendTime: string }).deviceSendTime);
  const respond = (deviceSendTime: unknown, serverRecvTime: unknown, serverSendTime: unknown) =>
    channel.deliver(RESPONSE, { deviceSendTime, serverRecvTime, serverSendTime });

  it('is asked for with QoS 0 and the time of this machine as text', async () => {
    const asked = problemOf(cloudClock.ask());
    const [message] = channel.published;
    assert.deepEqual([message?.topic, message?.qos], [REQUEST, 0]);
    assert.deepEqual(channel.lastMessage, { deviceSendTime: String(NOW) });
    assert.deepEqual(channel.filters, [RESPONSE]);
    await time.tickAsync(5000);
    assert.equal((await asked).reason, 'noReply');
    assert.equal(channel.probes, 1, 'the connection is doubted');
  });

  it('is in the middle of the way there and back', async () => {
    const asked = cloudClock.ask();
    await time.tickAsync(30);
    // An hour ahead; 10 ms there, 4 ms in the cloud, 16 ms back.
    await respond(String(NOW), String(NOW + 3_600_010), String(NOW + 3_600_014));
    assert.deepEqual(await asked, { time: NOW + 3_600_027, offsetMs: 3_599_997, roundTripMs: 30 });
  });

  it('is not wrong by the time that the request has waited for the connection', async () => {
    channel.send = () => new Promise((resolve) => setTimeout(resolve, 700));
    const asked = cloudClock.ask();
    await time.tickAsync(700);
    await time.tickAsync(20);
    await respond(NOW, NOW + 710, NOW + 710);
    assert.deepEqual(await asked, { time: NOW + 720, offsetMs: 0, roundTripMs: 20 });
  });

  it('is told to each of several who ask at once, and the subscription stays for the next', async () => {
    const asked = [cloudClock.ask(), cloudClock.ask(), cloudClock.ask()];
    assert.equal(new Set(sendTimes()).size, 3);
    await time.tickAsync(10);
    for (const sendTime of sendTimes().reverse()) await respond(sendTime, NOW + 5, NOW + 5);
    const expected: CloudTime = { time: NOW + 10, offsetMs: 0, roundTripMs: 10 };
    assert.deepEqual(await Promise.all(asked), [expected, expected, expected]);
    assert.deepEqual(channel.filters, [RESPONSE]);
  });

  it('ignores responses to others and nonsense', async () => {
    const failure = problemOf(cloudClock.ask());
    await respond(String(NOW - 1), NOW, NOW);
    await respond(String(NOW), 'soon', NOW);
    await respond(String(NOW), -5, NOW);
    await respond(String(NOW), NOW, 1e300);
    await respond(String(NOW), NOW, undefined);
    for (const nonsense of ['', 'null', '[]', '{"deviceSendTime":', 'x'.repeat(5000)]) {
      await channel.deliver(RESPONSE, nonsense);
    }
    await time.tickAsync(5000);
    assert.equal((await failure).code, 'TIMEOUT');
  });

  it('never gives anything but times, whatever arrives', async () => {
    const stamp = fc.oneof(fc.jsonValue(), fc.integer(), fc.integer().map(String));
    await fc.assert(
      fc.asyncProperty(stamp, stamp, fc.boolean(), async (received, sent, isOurs) => {
        channel.published.length = 0;
        const asked = cloudClock.ask().catch((error: MialinkError) => error);
        await respond(isOurs ? sendTimes()[0] : received, received, sent);
        await time.tickAsync(5000);
        const outcome = await asked;
        if (outcome instanceof MialinkError) assert.equal(outcome.reason, 'noReply');
        else assert.ok(Object.values(outcome).every(Number.isInteger));
      }),
    );
  });

  it('fails as the sending does', async () => {
    const obstacle = new MialinkError('notConnected', { device: channel.label });
    channel.send = () => Promise.reject(obstacle);
    assert.equal(await problemOf(cloudClock.ask()), obstacle);
  });

  it('has ended when the device is closed', async () => {
    const failure = problemOf(cloudClock.ask());
    await time.tickAsync(1);
    cloudClock.close();
    assert.equal((await failure).reason, 'closed');
    assert.deepEqual(channel.filters, []);
  });
});
