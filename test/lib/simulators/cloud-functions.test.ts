/** Tags, the clock, the network report, the reset and the remote configuration of the simulated cloud. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { MqttClient } from 'mqtt';
import { answering, ask, download, exchange, OWN, request, SYS, useCloud } from './cloud-clients';

describe('the tags in the simulated cloud', () => {
  const run = useCloud();
  let client: MqttClient;

  beforeEach(async () => {
    client = await run.clients.subscribed(`${SYS}thing/deviceinfo/+`);
  });

  const tell = (verb: string, params: unknown) =>
    ask(client, `thing/deviceinfo/${verb}`, request(`thing.deviceinfo.${verb}`, params));
  const update = (tags: [string, unknown][]) =>
    tell(
      'update',
      tags.map(([attrKey, attrValue]) => ({ attrKey, attrValue })),
    );
  const numbered = (count: number) =>
    Array.from({ length: count }, (_, index): [string, string] => [`k${index}`, 'v']);

  it('are set, asked for by name and deleted', async () => {
    assert.equal(
      (
        await update([
          ['room', 'hall'],
          ['floor', '2'],
        ])
      ).code,
      200,
    );
    const { data } = await tell('get', { attrKeys: ['floor', 'unknown'] });
    assert.deepEqual(data, [{ attrKey: 'floor', attrValue: '2' }]);
    assert.deepEqual((await tell('get', { attrKeys: [] })).data, []);
    assert.equal((await tell('delete', [{ attrKey: 'room' }])).code, 200);
    assert.deepEqual([...run.lamp.tags], [['floor', '2']]);
  });

  it('take what is just allowed', async () => {
    assert.equal((await update(numbered(100))).code, 200);
    assert.equal((await update([['k1', 'x'.repeat(128)]])).code, 200);
    assert.equal((await update([['k1', '灯'.repeat(64)]])).code, 200);
    assert.equal((await tell('get', { attrKeys: numbered(10).map(([key]) => key) })).data.length, 10);
  });

  const refusals: [string, [string, unknown][]][] = [
    ['101 tags', numbered(101)],
    ['a key of 31 characters', [['k'.repeat(31), 'v']]],
    ['a key with a space', [['a b', 'v']]],
    ['a value of 129 characters', [['k', 'x'.repeat(129)]]],
    ['65 Chinese characters, each of which counts twice', [['k', '灯'.repeat(65)]]],
    ['a value that is a number', [['k', 1]]],
    ['an empty value', [['k', '']]],
  ];
  for (const [what, tags] of refusals) {
    it(`refuse ${what}`, async () => {
      assert.equal((await update(tags)).code, 460);
      assert.equal(run.lamp.tags.size, 0);
    });
  }

  it('refuse a query of 11 keys', async () => {
    assert.equal((await tell('get', { attrKeys: numbered(11).map(([key]) => key) })).code, 460);
  });
});

describe('the simulated cloud', () => {
  const run = useCloud();

  it('tells its time, skewed by the knob, and nothing to a malformed question', async () => {
    const response = `/ext/ntp/${OWN}/response`;
    const client = await run.clients.subscribed(response);
    run.cloud.knobs.clockSkewMs = 3_600_000;
    client.publish(`/ext/ntp/${OWN}/request`, JSON.stringify({ deviceSendTime: 5 }));
    const body = { deviceSendTime: '1571724098000' };
    const reply = await exchange(client, `/ext/ntp/${OWN}/request`, response, body);
    assert.equal(reply.deviceSendTime, '1571724098000');
    for (const time of [reply.serverRecvTime, reply.serverSendTime]) {
      assert.equal(typeof time, 'string');
      assert.ok(Math.abs(Number(time) - Date.now() - 3_600_000) < 60_000);
    }
  });

  it('takes network reports, single and as history', async () => {
    const client = await run.clients.subscribed(`${SYS}_thing/diag/+`);
    const post = (params: unknown) => ask(client, '_thing/diag/post', { id: '1', version: '1.0', params });
    const sample = { wifi: { rssi: -60, snr: 30, per: 0, err_stats: '' }, _time: 1 };
    const single = { p: sample, model: 'format=simple|quantity=single|time=now' };
    const history = { p: [sample], model: 'format=simple|quantity=batch|time=history' };
    assert.equal((await post(single)).code, 200);
    assert.equal((await post(history)).code, 200);
    assert.deepEqual(run.lamp.diagnoses, [single, history]);
    for (const bad of [
      { ...single, model: 'simple' },
      { ...single, p: {} },
      { ...history, p: sample },
    ]) {
      assert.equal((await post(bad)).code, 460);
    }
  });

  it('unbinds a device that asks for it', async () => {
    const client = await run.clients.subscribed(`${SYS}thing/reset_reply`);
    run.lamp.tags.set('room', 'hall');
    run.lamp.setDesired({ power: 1 });
    assert.equal((await ask(client, 'thing/reset', request('thing.reset', {}))).code, 200);
    assert.deepEqual([run.lamp.resets, run.lamp.tags.size, run.lamp.desired], [1, 0, {}]);
  });
});

describe('the remote configuration in the simulated cloud', () => {
  const run = useCloud();
  const scope = { configScope: 'product', getType: 'file' };
  const get = (client: MqttClient, params: object = scope) =>
    ask(client, 'thing/config/get', request('thing.config.get', params));

  for (const signMethod of ['Sha256', 'Md5'] as const) {
    it(`is given with its address and its ${signMethod}`, async () => {
      const client = await run.clients.subscribed(`${SYS}thing/config/+`);
      const { url } = run.lamp.configure('{"level":3}', { signMethod });
      const { code, data } = await get(client);
      const { configId, ...notice } = data;
      assert.equal(code, 200);
      assert.match(configId, /^\w+$/);
      const sign = createHash(signMethod).update('{"level":3}').digest('hex');
      assert.deepEqual(notice, { configSize: 11, sign, signMethod, url, getType: 'file' });
      assert.equal((await download(run.cloud, url)).body.toString(), '{"level":3}');
    });
  }

  it('is refused where there is none, where it is off, and where the question is wrong', async () => {
    const client = await run.clients.subscribed(`${SYS}thing/config/+`);
    assert.equal((await get(client)).code, 6710);
    run.lamp.configure('{}');
    assert.equal((await get(client, { ...scope, configScope: 'device' })).code, 460);
    assert.equal((await get(client, { ...scope, getType: 'content' })).code, 460);
    run.cloud.knobs.configOff = true;
    assert.equal((await get(client)).code, 6713);
  });

  it('is pushed, with lies where the test wants them, and its reply awaited', async () => {
    const client = await run.clients.subscribed(`${SYS}thing/config/+`);
    const calls = answering(client);
    const corrupt = { sign: 'ff', configSize: 2 };
    assert.deepEqual(await run.lamp.pushConfig('{"a":1}', { corrupt }), { code: 200, data: {} });
    const [call] = calls;
    assert.deepEqual([call?.topic, call?.method], [`${SYS}thing/config/push`, 'thing.config.push']);
    assert.deepEqual(call?.params, { ...(await get(client)).data, ...corrupt });
  });

  it('has at most 64 KB', () => {
    assert.throws(() => run.lamp.configure(Buffer.alloc(64 * 1024 + 1)), /64 KB/);
  });
});

describe('a disabled device of the simulated cloud', () => {
  const run = useCloud();
  const OFF = `${SYS}thing/+`;

  for (const word of ['disable', 'delete'] as const) {
    it(`has answered the ${word}, is cut off and refused`, async () => {
      const calls = answering(await run.clients.subscribed(OFF));
      const offline = once(run.lamp, 'offline');
      assert.deepEqual(await run.lamp[word](), { code: 200, data: {} });
      await offline;
      assert.deepEqual([calls[0]?.topic, calls[0]?.params], [`${SYS}thing/${word}`, {}]);
      assert.equal(await run.clients.connack(), 4);
    });
  }

  it('is cut off without an answer as well', async () => {
    await run.clients.subscribed(OFF);
    const offline = once(run.lamp, 'offline');
    await assert.rejects(run.lamp.disable({ timeoutMs: 20 }), /no reply/);
    await offline;
  });

  it('may connect again once enabled, and is told when it is there', async () => {
    run.lamp.disabled = true;
    assert.equal(await run.lamp.enable(), null);
    const calls = answering(await run.clients.subscribed(OFF));
    assert.deepEqual(await run.lamp.enable(), { code: 200, data: {} });
    assert.equal(calls[0]?.method, 'thing.enable');
  });
});
