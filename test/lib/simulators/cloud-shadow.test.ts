/** The shadow in the simulated cloud: versions, wishes, deletions, refusals. */
import assert from 'node:assert/strict';
import type { MqttClient } from 'mqtt';
import { exchange, message, OWN, useCloud } from './cloud-clients';

const GET = `/shadow/get/${OWN}`;

describe('the shadow in the simulated cloud', () => {
  const run = useCloud();
  let client: MqttClient;

  beforeEach(async () => {
    client = await run.clients.subscribed(GET);
  });

  const tell = (body: object | string) => exchange(client, `/shadow/update/${OWN}`, GET, body);
  const update = (reported: unknown, version: number) =>
    tell({ method: 'update', state: { reported }, version });

  it('keeps what is reported and gives it back with its version', async () => {
    const { timestamp, ...reply } = await update({ color: 'red' }, 1);
    assert.deepEqual(reply, { method: 'reply', payload: { status: 'success', version: 1 } });
    assert.equal(typeof timestamp, 'number');
    const got = await tell({ method: 'get' });
    assert.deepEqual(got.payload.state, { reported: { color: 'red' }, desired: {} });
    assert.equal(typeof got.payload.metadata.reported.color.timestamp, 'number');
    assert.equal(got.version, 1);
    assert.deepEqual([run.lamp.shadow.reported, run.lamp.shadow.version], [{ color: 'red' }, 1]);
  });

  it('tells the device a wish, which the device clears', async () => {
    await update({ color: 'red' }, 1);
    const control = message(client, GET);
    run.lamp.wish({ color: 'green' });
    const { method, payload, version } = JSON.parse((await control).toString());
    assert.deepEqual([method, version, payload.status], ['control', 2, 'success']);
    assert.deepEqual(payload.state, { reported: { color: 'red' }, desired: { color: 'green' } });
    const again = message(client, GET);
    run.lamp.wish({ level: 5 });
    await again;
    assert.deepEqual([run.lamp.shadow.desired, run.lamp.shadow.version], [{ level: 5 }, 3]);
    const { payload: cleared } = await tell({ method: 'update', state: { desired: 'null' }, version: 4 });
    assert.deepEqual(cleared, { status: 'success', version: 4 });
    assert.deepEqual(run.lamp.shadow.desired, {});
  });

  it('starts again from 0 with the version -1', async () => {
    await update({ color: 'red' }, 9);
    assert.equal((await update({ color: 'blue' }, -1)).payload.version, 0);
    assert.equal((await update({ color: 'red' }, 1)).payload.status, 'success');
  });

  it('deletes what is named with the text null, or all', async () => {
    await update({ color: 'red', level: 3 }, 1);
    await tell({ method: 'delete', state: { reported: { color: 'null' } }, version: 2 });
    assert.deepEqual(run.lamp.shadow.reported, { level: 3 });
    await tell({ method: 'delete', state: { reported: 'null' }, version: 3 });
    assert.deepEqual([run.lamp.shadow.reported, run.lamp.shadow.version], [{}, 3]);
  });

  const many = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`a${index}`, 1]));
  const refusals: [string, string, object | string][] = [
    ['what is not JSON', '400', '{'],
    [
      'null that is no text, to delete',
      '400',
      { method: 'delete', state: { reported: { a: null } }, version: 9 },
    ],
    ['no method', '401', { state: {} }],
    ['no state', '402', { method: 'update', version: 9 }],
    ['a version that is text', '403', { method: 'update', state: { reported: { a: 1 } }, version: '9' }],
    ['nothing reported', '404', { method: 'update', state: {}, version: 9 }],
    ['an empty report', '405', { method: 'update', state: { reported: {} }, version: 9 }],
    ['another method', '406', { method: 'set' }],
    ['an empty message', '407', ''],
    ['more than 128 attributes', '408', { method: 'update', state: { reported: many }, version: 9 }],
    ['the version that is stored', '409', { method: 'update', state: { reported: { a: 1 } }, version: 5 }],
  ];
  for (const [what, code, body] of refusals) {
    it(`answers ${code} to ${what}, and changes nothing`, async () => {
      await update({ kept: 1 }, 5);
      const { method, payload } = await tell(body);
      assert.deepEqual([method, payload.status, payload.content.errorcode], ['reply', 'error', code]);
      assert.notEqual(payload.content.errormessage, '');
      assert.deepEqual([run.lamp.shadow.reported, run.lamp.shadow.version], [{ kept: 1 }, 5]);
    });
  }
});
