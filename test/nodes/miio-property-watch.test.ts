/** Watching: what the node sends of its own accord, and what it says of a device that is away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lamp, light, purifier } from '../simulators/home';
import { helper, nextError, nextMessage, node, type Received, statuses, statusText } from '../support/flow';
import { LIGHT_ROWS, useDevice } from './miio-property-flow';

/** Every message at `out`, and the next one that nobody has looked at yet. */
function outbox() {
  const messages: Received[] = [];
  const waiting: ((message: Received) => void)[] = [];
  node('out').on('input', (message) => {
    const waiter = waiting.shift();
    if (waiter) waiter(message as Received);
    else messages.push(message as Received);
  });
  return {
    next: (): Promise<Received> => {
      const message = messages.shift();
      return message ? Promise.resolve(message) : new Promise((resolve) => waiting.push(resolve));
    },
    get unread() {
      return messages.map(({ payload }) => payload);
    },
  };
}

/** The warnings of the node from now on. */
function warnings(): string[] {
  const texts: string[] = [];
  node('property').warn = (text: unknown) => texts.push(String(text));
  return texts;
}

describe('miio-property that watches an older device', () => {
  const bench = useDevice(lamp({ port: 0 }));
  const watch = (more: Record<string, unknown> = {}, deviceFields: Record<string, unknown> = {}) =>
    bench.start(
      { mode: 'watch', interval: 1, properties: [{ name: 'power' }, { name: 'bright' }], ...more },
      deviceFields,
    );

  it('sends everything at first, then what changes, without a message', async () => {
    await watch();
    const out = outbox();
    const { payload, miio } = await out.next();
    assert.deepEqual(payload, { power: 'off', bright: 80 });
    assert.deepEqual(miio, { address: '127.0.0.1', deviceId: bench.device.did });
    bench.device.set('bright', 5);
    assert.deepEqual((await out.next()).payload, { bright: 5 });
    assert.deepEqual(out.unread, []);
    assert.deepEqual(statuses('property').at(-1), {
      fill: 'green',
      shape: 'dot',
      text: 'miio-property.status.connected',
    });
  });

  it('answers a message at once with everything, and keeps the rest of it', async () => {
    await watch({ interval: 3_600 });
    const out = outbox();
    await out.next();
    bench.device.set('bright', 5);
    const completed = nextMessage('completed');
    node('property').receive({ topic: 'all', payload: '?' } as never);
    const { payload, topic, miio } = await out.next();
    assert.deepEqual(payload, { power: 'off', bright: 5 });
    assert.equal(topic, 'all');
    assert.deepEqual(miio, { address: '127.0.0.1', deviceId: bench.device.did });
    await completed;
    assert.deepEqual(out.unread, [], 'a change is not told twice');
  });

  it('shows a device that is away in red, warns once, and is back by itself with what has changed', async function () {
    this.timeout(60_000);
    await watch({}, { timeoutMs: 400 });
    const out = outbox();
    const said = warnings();
    await out.next();
    await bench.device.stop();
    await statusText('property', 'miio-property.status.disconnected');
    assert.equal(statuses('property').at(-1)?.fill, 'red');
    assert.equal(statuses('property').at(-1)?.shape, 'ring');
    const caught = nextError('errors');
    node('property').receive({});
    assert.equal((await caught).code, 'TIMEOUT');
    bench.device.set('power', 'on');
    await bench.device.start();
    assert.deepEqual((await out.next()).payload, { power: 'on' });
    await statusText('property', 'miio-property.status.connected');
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /^the device /);
    assert.deepEqual(out.unread, []);
  });

  it('shows a device in red, too, that is there but refuses everything', async () => {
    bench.device.faults.refuse = { code: -30_001, message: 'not now', times: Number.POSITIVE_INFINITY };
    await watch();
    const out = outbox();
    const said = warnings();
    await statusText('property', 'miio-property.status.disconnected');
    bench.device.faults.refuse = null;
    assert.deepEqual((await out.next()).payload, { power: 'off', bright: 80 });
    await statusText('property', 'miio-property.status.connected');
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /-30001 not now/);
  });

  it('begins with a device that is not there yet', async function () {
    this.timeout(60_000);
    await bench.device.stop();
    await watch({}, { timeoutMs: 300 });
    const out = outbox();
    await statusText('property', 'miio-property.status.disconnected');
    await bench.device.start();
    assert.deepEqual((await out.next()).payload, { power: 'off', bright: 80 });
  });

  it('sends nothing more when the flow is stopped', async () => {
    await watch();
    await outbox().next();
    bench.device.faults.silentCommands = true;
    const asked = once(bench.device, 'command');
    const failed: string[] = [];
    node('property').error = ((error: { code?: string }) => failed.push(error.code ?? '')) as never;
    node('property').receive({});
    await asked;
    await helper.unload();
    assert.deepEqual(failed, ['CANCELLED']);
    const { length } = bench.device.received;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(bench.device.received.length, length);
  });
});

describe('miio-property that watches a MIoT device', () => {
  const bench = useDevice(light({ port: 0 }));

  it('sends at once what the device reports by itself, though it polls once in an hour', async () => {
    await bench.start({ mode: 'watch', interval: 3_600, properties: LIGHT_ROWS });
    const out = outbox();
    assert.deepEqual((await out.next()).payload, { power: false, bright: 60 });
    while (bench.device.subscribers.length === 0) await once(bench.device, 'executed');
    bench.device.set('2.2', 5);
    const { payload, miio } = await out.next();
    assert.deepEqual(payload, { bright: 5 });
    assert.deepEqual(miio, { address: '127.0.0.1', deviceId: bench.device.did });
  });

  it('takes names from a spec', async () => {
    const spec = require.resolve('../lib/miio/spec/lamp.json');
    await bench.start({ mode: 'watch', spec, properties: [{ name: 'light-2:on' }] });
    assert.deepEqual((await outbox().next()).payload, { 'light-2:on': false });
  });
});

describe('miio-property that watches what is not there', () => {
  const bench = useDevice(purifier({ port: 0 }));

  it('tells a Catch node when none of the properties has a value, once', async () => {
    const properties = [{ name: 'gone', siid: 9, piid: 9 }];
    await bench.start({ mode: 'watch', interval: 1, properties });
    const { code, message, at } = await nextError('errors');
    assert.equal(code, 'DEVICE');
    assert.match(message, /gone.*-4003/);
    assert.deepEqual(Object.keys((at.miio as { errors: object }).errors), ['gone']);
    assert.deepEqual(statuses('property').at(-1), {
      fill: 'red',
      shape: 'dot',
      text: 'miio-property.status.failed',
    });
    node('errors').once('input', () => assert.fail('the same error again'));
    for (let polls = 0; polls < 2; polls++) await once(bench.device, 'executed');
    assert.equal(statuses('property').at(-1)?.text, 'miio-property.status.failed');
  });

  const SOUND = { name: 'power', siid: 2, piid: 1 };
  const GONE = { name: 'gone', siid: 9, piid: 9 };

  it('warns once of a property that is refused while others have a value', async () => {
    await bench.start({ mode: 'watch', interval: 1, properties: [SOUND, GONE] });
    const out = outbox();
    const said = warnings();
    const { payload, miio } = await out.next();
    assert.deepEqual(Object.keys(payload as object), ['power']);
    assert.deepEqual(Object.keys((miio as { errors: object }).errors), ['gone']);
    for (let polls = 0; polls < 2; polls++) await once(bench.device, 'executed');
    assert.equal(said.length, 1, said.join());
    assert.match(said[0] ?? '', /^gone: .*-4003/);
    assert.equal(statuses('property').at(-1)?.text, 'miio-property.status.connected');
  });

  it('warns once, too, when a message asks again and again', async () => {
    await bench.start({ mode: 'watch', interval: 3_600, properties: [SOUND, GONE] });
    const out = outbox();
    const said = warnings();
    for (let polls = 0; polls < 3; polls++) {
      node('property').receive({ topic: 'asked' });
      while ((await out.next()).topic !== 'asked');
    }
    assert.equal(said.length, 1, said.join());
  });
});
