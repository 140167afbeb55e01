/** The log of a device in the simulated cloud: switched on and off, and its limits. */
import assert from 'node:assert/strict';
import type { MqttClient } from 'mqtt';
import { answering, ask, request, SYS, useCloud } from './cloud-clients';

const ENTRY = {
  utcTime: '2020-03-06T15:15:27.000+0800',
  logLevel: 'INFO',
  module: 'app',
  code: '',
  traceContext: '1',
  logContent: 'on',
};

describe('the log of a device in the simulated cloud', () => {
  const run = useCloud();
  let client: MqttClient;

  beforeEach(async () => {
    client = await run.clients.subscribed(`${SYS}thing/log/+`, `${SYS}thing/config/log/+`);
  });

  const get = (params: object) =>
    ask(client, 'thing/config/log/get', request('thing.config.log.get', params));
  const post = (entries: unknown) => ask(client, 'thing/log/post', request('thing.log.post', entries));

  it('is off at first, and refuses entries then', async () => {
    const { code, data } = await get({ configScope: 'device', getType: 'content' });
    assert.deepEqual([code, data], [200, { getType: 'content', content: { mode: 0 } }]);
    assert.equal((await post([ENTRY])).code, 460);
    assert.deepEqual(run.lamp.logs, []);
  });

  it('is switched on and tells the device so, then keeps entries', async () => {
    const calls = answering(client);
    const replied = new Promise((resolve) => run.lamp.once('reply', resolve));
    run.lamp.setLogMode(1);
    await replied;
    assert.deepEqual(calls[0]?.topic, `${SYS}thing/config/log/push`);
    assert.deepEqual(calls[0]?.params, { getType: 'content', content: { mode: 1 } });
    assert.equal((await post(Array.from({ length: 40 }, () => ENTRY))).code, 200);
    assert.equal(run.lamp.logs.length, 40);
    assert.deepEqual(run.lamp.logs[0], ENTRY);
  });

  it('is switched on while nobody listens', async () => {
    await client.unsubscribeAsync(`${SYS}thing/config/log/+`);
    run.lamp.setLogMode(1);
    assert.equal((await post([ENTRY])).code, 200);
  });

  it('refuses a question of another scope or type', async () => {
    assert.equal((await get({ configScope: 'device', getType: 'file' })).code, 6717);
    assert.equal((await get({ configScope: 'product', getType: 'content' })).code, 6718);
  });

  const wrong: [string, unknown][] = [
    ['41 entries', Array.from({ length: 41 }, () => ENTRY)],
    ['a content above 4096 bytes', [{ ...ENTRY, logContent: '灯'.repeat(1366) }]],
    ['a time without the offset', [{ ...ENTRY, utcTime: '2020-03-06T15:15:27.000Z' }]],
    ['a level of its own', [{ ...ENTRY, logLevel: 'info' }]],
    ['an entry without module', [{ ...ENTRY, module: undefined }]],
    ['one entry without an array', ENTRY],
  ];
  for (const [what, entries] of wrong) {
    it(`refuses ${what}, and keeps nothing`, async () => {
      run.lamp.setLogMode(1);
      assert.equal((await post(entries)).code, 460);
      assert.deepEqual(run.lamp.logs, []);
    });
  }
});
