/** The thing model in the simulated cloud: given on request, and what it does to values that break it. */
import assert from 'node:assert/strict';
import type { MqttClient } from 'mqtt';
import { violation } from '../../simulators/cloud/functions/data-type';
import { ask, request, SYS, useCloud } from './cloud-clients';

const int = { type: 'int', specs: { min: '0', max: '100' } };
const bool = { type: 'bool', specs: { 0: 'off', 1: 'on' } };
const TSL = {
  schema: 'https://iotx-tsl.oss-ap-southeast-1.aliyuncs.com/schema.json',
  profile: { productKey: 'a1lamp' },
  properties: [
    { identifier: 'power', dataType: bool },
    { identifier: 'level', dataType: int },
  ],
  events: [{ identifier: 'alarm', outputData: [{ identifier: 'heat', dataType: int }] }],
  services: [
    {
      identifier: 'dim',
      inputData: [{ identifier: 'to', dataType: int }],
      outputData: [{ identifier: 'was', dataType: int }],
    },
  ],
  functionBlocks: [{ functionBlockId: 'mod', properties: [{ identifier: 'level', dataType: int }] }],
};

describe('the thing model in the simulated cloud', () => {
  const run = useCloud();
  let client: MqttClient;

  beforeEach(async () => {
    client = await run.clients.subscribed(
      `${SYS}thing/event/+/post_reply`,
      `${SYS}thing/event/property/+/post_reply`,
      `${SYS}thing/dsltemplate/+`,
      `${SYS}thing/dynamicTsl/+`,
      `${SYS}thing/service/+`,
      `${SYS}thing/service/property/+`,
    );
  });

  const post = (params: object) =>
    ask(client, 'thing/event/property/post', request('thing.event.property.post', params));
  const alarm = (value: object) =>
    ask(client, 'thing/event/alarm/post', request('thing.event.alarm.post', { value, time: 1 }));
  const names = () => Object.keys(run.lamp.properties);

  it('is given to a device that asks, by either way', async () => {
    const get = () => ask(client, 'thing/dsltemplate/get', request('thing.dsltemplate.get', {}));
    assert.equal((await get()).code, 5159);
    run.lamp.setModel(TSL);
    assert.deepEqual((await get()).data, TSL);
    const params = { nodes: ['type', 'identifier'], addDefault: false };
    const dynamic = await ask(client, 'thing/dynamicTsl/get', request('thing.dynamicTsl.get', params));
    assert.deepEqual(dynamic.data, TSL);
    const bare = await ask(client, 'thing/dynamicTsl/get', request('thing.dynamicTsl.get', {}));
    assert.equal(bare.code, 460);
  });

  it('leaves out what is wrong when it is weak, and says 200', async () => {
    run.lamp.setModel(TSL);
    const values = { power: 1, level: 101, other: 1, 'mod:level': 5, 'mod:power': 1 };
    assert.equal((await post(values)).code, 200);
    assert.deepEqual(names(), ['power', 'mod:level']);
    assert.equal((await alarm({ heat: 101 })).code, 200);
    assert.equal((await alarm({ heat: 100 })).code, 200);
    assert.deepEqual(
      run.lamp.events.map(({ params }) => params),
      [{ heat: 100 }],
    );
  });

  it('refuses the whole request with a code when it is strict', async () => {
    run.lamp.setModel(TSL);
    run.cloud.knobs.validation = 'strict';
    assert.equal((await post({ power: 1, level: 101 })).code, 6306);
    assert.equal((await post({ power: 1, other: 1 })).code, 6320);
    assert.equal((await alarm({ heat: 'x' })).code, 6306);
    assert.equal((await alarm({ cold: 1 })).code, 6312);
    const history = [
      { identity: { productKey: 'a1lamp', deviceName: 'lamp-1' }, properties: [{ power: 2 }] },
    ];
    const body = request('thing.event.property.history.post', history);
    assert.equal((await ask(client, 'thing/event/property/history/post', body)).code, 6308);
    assert.deepEqual([names(), run.lamp.events], [[], []]);
    assert.equal((await post({ power: 1, 'mod:level': 7 })).code, 200);
    assert.deepEqual(names(), ['power', 'mod:level']);
  });

  it('lets everything pass when nothing is checked', async () => {
    run.lamp.setModel(TSL);
    run.cloud.knobs.validation = 'none';
    assert.equal((await post({ power: 7, other: 1 })).code, 200);
    assert.deepEqual(names(), ['power', 'other']);
  });

  it('offers no call that it does not have, and takes no wrong answer', async () => {
    run.lamp.setModel(TSL);
    let was: unknown = 3;
    client.on('message', (topic, payload) => {
      const { id } = JSON.parse(payload.toString());
      client.publish(`${topic}_reply`, JSON.stringify({ id, code: 200, data: { was } }));
    });
    assert.deepEqual(await run.lamp.invokeService('dim', { to: 5 }), { code: 200, data: { was: 3 } });
    await assert.rejects(run.lamp.invokeService('dim', { to: 101 }), /no such call/);
    await assert.rejects(run.lamp.invokeService('toggle', {}), /no such call/);
    was = 'much';
    await assert.rejects(run.lamp.invokeService('dim', { to: 5 }), /break the thing model \(6306\)/);
  });

  it('has the legacy call for properties', async () => {
    client.on('message', (topic, payload) => {
      const { id, params } = JSON.parse(payload.toString());
      client.publish(`${topic}_reply`, JSON.stringify({ id, code: 200, data: { asked: params } }));
    });
    assert.deepEqual(await run.lamp.getProperties(['power']), { code: 200, data: { asked: ['power'] } });
  });
});

describe('a data type of the simulated cloud', () => {
  const struct = { type: 'struct', specs: [{ identifier: 'a', dataType: int }] };
  const list = { type: 'array', specs: { size: '2', item: int } };
  const cases: [string, object, unknown[], unknown[], number][] = [
    ['int', int, [0, 100], [-1, 101, 1.5, '1', 2 ** 31], 6306],
    ['int of its own range', { type: 'int', specs: {} }, [-(2 ** 31)], [2 ** 31], 6306],
    ['double', { type: 'double', specs: { min: '-1', max: '1' } }, [0.5], [1.1, '0'], 6307],
    ['bool', bool, [0, 1], [2, '1'], 6308],
    ['enum', { type: 'enum', specs: { 3: 'slow' } }, [3], [1, '3'], 6309],
    ['text', { type: 'text', specs: { length: '2' } }, ['', 'ab'], ['abc', 1], 6310],
    ['date', { type: 'date' }, ['1571724098000'], [1571724098000, 'now'], 6311],
    ['struct', struct, [{ a: 1 }, {}], [{ b: 1 }, 1], 6312],
    ['array', list, [[], [1, 2]], [[1, 2, 3], 1], 6313],
  ];
  for (const [name, type, good, bad, code] of cases) {
    it(`${name} takes what fits and refuses the rest with ${code}`, () => {
      for (const value of good) assert.equal(violation(type, value), null, JSON.stringify(value));
      for (const value of bad) assert.equal(violation(type, value), code, JSON.stringify(value));
    });
  }

  it('tells what is wrong inside', () => {
    assert.equal(violation(struct, { a: 101 }), 6306);
    assert.equal(violation(list, [1, 'x']), 6306);
  });

  it('that is not known takes anything', () => {
    assert.equal(violation({ type: 'geo' }, 'x'), null);
    assert.equal(violation(null, 'x'), null);
  });
});
