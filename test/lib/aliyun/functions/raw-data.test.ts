import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import sinon from 'sinon';
import { RawData } from '../../../../lib/aliyun/functions/raw-data';
import { MialinkError } from '../../../../lib/errors';
import { problemOf } from '../bench';
import { SendingChannel } from './sending-channel';

const MODEL = '/sys/a1b2c3d4e5f/lamp-1/thing/model';

describe('raw data', () => {
  let channel: SendingChannel;
  let raw: RawData;

  beforeEach(() => {
    channel = new SendingChannel();
    raw = new RawData(channel);
  });
  afterEach(() => {
    raw.close();
    sinon.restore();
  });

  const sent = () =>
    channel.published.map(({ topic, payload }) => [
      topic,
      Buffer.isBuffer(payload) && payload.toString('hex'),
    ]);

  it('goes up as it is, and its reply comes as it is', async () => {
    const posted = raw.post(Buffer.from('00ff01', 'hex'));
    await setImmediate();
    assert.deepEqual(sent(), [[`${MODEL}/up_raw`, '00ff01']]);
    await channel.deliver(`${MODEL}/up_raw_reply`, Buffer.from('01fe', 'hex'));
    assert.deepEqual(await posted, Buffer.from('01fe', 'hex'));
  });

  it('goes up one message after the other, as a reply does not say what it answers', async () => {
    const posted = [raw.post(Buffer.from([1])), raw.post(Buffer.from([2]))];
    await setImmediate();
    assert.equal(channel.published.length, 1);
    await channel.deliver(`${MODEL}/up_raw_reply`, Buffer.from([11]));
    assert.equal(channel.published.length, 2);
    await channel.deliver(`${MODEL}/up_raw_reply`, Buffer.from([12]));
    assert.deepEqual(await Promise.all(posted), [Buffer.from([11]), Buffer.from([12])]);
  });

  it('fails in time when no reply comes', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const failure = problemOf(raw.post(Buffer.from([1])));
    await clock.tickAsync(5000);
    const { code, message } = await failure;
    assert.equal(code, 'TIMEOUT');
    assert.match(message, /lamp-1 .*did not answer raw data within 5000 ms/);
  });

  it('fails as the sending does, and at once where it is too long, which harms no other', async () => {
    const waiting = raw.post(Buffer.from([1]));
    const long = await problemOf(raw.post(Buffer.alloc(256 * 1024 + 1)));
    assert.deepEqual([long.code, long.reason], ['CONFIG', 'payloadInvalid']);
    await channel.deliver(`${MODEL}/up_raw_reply`, Buffer.from([11]));
    assert.deepEqual(await waiting, Buffer.from([11]));
    const obstacle = new MialinkError('notConnected', { device: channel.label });
    channel.send = () => Promise.reject(obstacle);
    assert.equal(await problemOf(raw.post(Buffer.from([1]))), obstacle);
  });

  it('of the cloud comes down to whoever listens, and is answered', async () => {
    const heard: string[][] = [[], []];
    const [stop] = heard.map((list) => raw.onRaw((bytes) => list.push(bytes.toString('hex'))));
    await channel.deliver(`${MODEL}/down_raw`, Buffer.from('beef', 'hex'));
    stop?.();
    await channel.deliver(`${MODEL}/down_raw`, Buffer.from('cafe', 'hex'));
    assert.deepEqual(heard, [['beef'], ['beef', 'cafe']]);
    await raw.answer(Buffer.from('00', 'hex'));
    assert.deepEqual(sent(), [[`${MODEL}/down_raw_reply`, '00']]);
  });

  it('takes what comes down, and what a broker sends back to us, for no reply', async () => {
    const heard: Buffer[] = [];
    raw.onRaw((bytes) => heard.push(bytes));
    const posted = raw.post(Buffer.from([1]));
    for (const path of ['down_raw', 'up_raw', 'down_raw_reply', 'other']) {
      await channel.deliver(`${MODEL}/${path}`, Buffer.from([9]));
    }
    await channel.deliver(`${MODEL}/up_raw_reply`, Buffer.from([11]));
    assert.deepEqual(await posted, Buffer.from([11]));
    assert.equal(heard.length, 1);
    await channel.deliver(`${MODEL}/up_raw_reply`, Buffer.from([12]));
  });

  it('subscribes no other filter than the device itself does, or a reply might come twice', () => {
    raw.onRaw(() => undefined);
    assert.deepEqual(channel.filters, [`${MODEL}/+`]);
  });

  it('ends what waits when it is closed, and hears nothing any more', async () => {
    const failures = [raw.post(Buffer.from([1])), raw.post(Buffer.from([2]))].map(problemOf);
    await setImmediate();
    raw.close();
    for (const failure of failures) assert.equal((await failure).reason, 'closed');
    assert.deepEqual(channel.filters, []);
  });
});
