import assert from 'node:assert/strict';
import { collect, lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

/** aliyun-service -> `called` (the flow between, played by the test) -> aliyun-reply */
describe('aliyun-service and aliyun-reply', () => {
  const bench = useCloud();

  async function loadConnected(...more: Parameters<typeof bench.load>[0]) {
    await bench.load([
      { id: 'service', type: 'aliyun-service', device: 'lamp', wires: [['called']] },
      { id: 'called', type: 'helper', wires: [['reply']] },
      { id: 'reply', type: 'aliyun-reply', device: 'lamp' },
      ...more,
      ...sinks('reply'),
    ]);
    await statusText('service', 'aliyun-service.status.connected');
  }
  /** What the flow does with the message that it was called with. */
  function reply(message: Record<string, unknown>) {
    node('reply').receive(message as never);
  }
  function errorFor(message: Record<string, unknown>) {
    const caught = nextError('errors');
    reply(message);
    return caught;
  }

  for (const [what, sync, topic] of [
    ['an asynchronous', false, /^\/sys\/a1b2c3d4e5f\/lamp-1\/thing\/service\/blink$/],
    ['a synchronous', true, /^\/sys\/a1b2c3d4e5f\/lamp-1\/rrpc\/request\/\d+$/],
    ['an extended synchronous', 'ext', /^\/ext\/rrpc\/\d+\/sys\/a1b2c3d4e5f\/lamp-1\/thing\/service\/blink$/],
  ] as const) {
    it(`passes ${what} call on, and answers it`, async () => {
      await loadConnected();
      const called = nextMessage('called');
      const answer = bench.lamp.invokeService('blink', { times: 3 }, { sync });
      const message = await called;
      assert.deepEqual(message.payload, { times: 3 });
      assert.ok(message._msgid);
      const request = message.aliyun as Record<string, unknown>;
      assert.match(String(request.id), /^\d+$/);
      assert.match(String(request.topic), topic);
      assert.deepEqual([request.service, request.sync], ['blink', sync !== false]);
      assert.deepEqual(Object.keys(request).sort(), ['id', 'service', 'sync', 'topic']);

      const completed = nextMessage('completed');
      reply({ ...message, payload: { blinked: 3 } });
      assert.deepEqual(await answer, { code: 200, data: { blinked: 3 } });
      assert.equal((await completed)._msgid, message._msgid);
      assert.equal(lights('reply').at(-1), 'green dot aliyun-reply.status.done');
    });
  }

  it('answers the request in msg.request where another node has put its result into msg.aliyun', async () => {
    await loadConnected(
      { id: 'event', type: 'aliyun-event', device: 'lamp', event: 'blinked', wires: [['out2']] },
      { id: 'failing', type: 'aliyun-event', device: 'lamp', wires: [] },
    );
    for (const [way, sink] of [
      ['event', 'out2'],
      ['failing', 'errors'],
    ] as const) {
      const called = nextMessage('called');
      const answer = bench.lamp.invokeService('blink', {}, { sync: true });
      const message = await called;
      const behind = nextMessage(sink);
      node(way).receive({ ...message, request: message.aliyun } as never);
      reply({ ...(await behind), payload: { blinked: way } });
      assert.deepEqual(await answer, { code: 200, data: { blinked: way } });
    }
  });

  it('answers with msg.code, as a number or as text, and without parameters where the payload is blank', async () => {
    await loadConnected();
    for (const code of [100_001, '100001']) {
      const called = nextMessage('called');
      const answer = bench.lamp.invokeService('blink', {}, { sync: true });
      reply({ ...(await called), payload: '', code });
      assert.deepEqual(await answer, { code: 100_001, data: {} });
    }
  });

  it('hears only the service of its field', async () => {
    await loadConnected({
      id: 'other',
      type: 'aliyun-service',
      device: 'lamp',
      service: 'reset',
      wires: [['out']],
    });
    const all = collect('called');
    const reset = nextMessage('out');
    bench.lamp.invokeService('blink', { n: 1 }).catch(() => undefined);
    bench.lamp.invokeService('reset', { n: 2 }).catch(() => undefined);
    assert.deepEqual((await reset).payload, { n: 2 });
    assert.deepEqual(
      all.map(({ payload }) => payload),
      [{ n: 1 }, { n: 2 }],
    );
  });

  it('fails with TIMEOUT for a second reply', async () => {
    await loadConnected();
    const called = nextMessage('called');
    const answer = bench.lamp.invokeService('blink', {}, { sync: true });
    const message = await called;
    const completed = nextMessage('completed');
    reply({ ...message, payload: { blinked: 1 } });
    await completed;
    const { code, message: text } = await errorFor({ ...message, payload: { blinked: 2 } });
    assert.equal(code, 'TIMEOUT');
    assert.match(text, /lamp-1 .*request \d+ was answered already/);
    assert.deepEqual(await answer, { code: 200, data: { blinked: 1 } });
    assert.equal(lights('reply').at(-1), 'red dot aliyun-reply.status.failed');
  });

  it('gives the cloud one answer when two replies come at once', async () => {
    await loadConnected();
    const called = nextMessage('called');
    const answer = bench.lamp.invokeService('blink', {}, { sync: true });
    const message = await called;
    const sent: number[] = [];
    bench.lamp.on('reply', ({ code }) => sent.push(code));
    const caught = nextError('errors');
    reply({ ...message, payload: { blinked: 1 } });
    reply({ ...message, payload: { blinked: 2 } });
    assert.equal((await caught).code, 'TIMEOUT');
    assert.deepEqual(await answer, { code: 200, data: { blinked: 1 } });
    // What was sent before the answer to another call has arrived, too.
    const again = nextMessage('called');
    const next = bench.lamp.invokeService('blink', {}, { sync: true });
    reply({ ...(await again), payload: {}, code: 100_002 });
    await next;
    assert.deepEqual(sent, [200, 100_002]);
  });

  it('answers 504 after 7 s without a reply, and says so to the Catch node; a reply is late then', async () => {
    await loadConnected();
    const called = nextMessage('called');
    const caught = nextError('errors');
    const begin = performance.now();
    const answer = bench.lamp.invokeService('blink', { times: 3 }, { sync: true });
    const message = await called;
    assert.deepEqual(await answer, { code: 504, data: {} });
    const waitedMs = performance.now() - begin;
    assert.ok(waitedMs > 6_900 && waitedMs < 7_900, `it waited ${waitedMs} ms`);

    const { code, message: text, at } = await caught;
    assert.equal(code, 'TIMEOUT');
    assert.match(text, /lamp-1 .*service blink was not answered within 7000 ms; wire .* aliyun-reply/);
    assert.equal((at.error as { source: { id: string } }).source.id, 'service');
    assert.deepEqual([at.payload, at.aliyun], [{ times: 3 }, message.aliyun]);
    assert.equal((await errorFor({ ...message })).code, 'TIMEOUT');
  }).timeout(15_000);

  it('fails with CONFIG for a message that is no request', async () => {
    await loadConnected();
    for (const aliyun of [undefined, 'x', { id: '1' }, { topic: '/sys/x' }]) {
      const { code, message } = await errorFor({ payload: {}, aliyun });
      assert.equal(code, 'CONFIG');
      assert.match(message, /aliyun-reply needs the message of aliyun-service.*msg\.aliyun\.id/);
    }
  });

  it('does not answer with what is no answer, says what would be, and leaves the request open', async () => {
    await loadConnected();
    const called = nextMessage('called');
    const answer = bench.lamp.invokeService('blink', {}, { sync: true });
    const message = await called;
    for (const [wrong, text] of [
      [{ payload: 'ok' }, /payload of the reply must be an object {parameter: value}, not string/],
      [{ payload: [1] }, /payload of the reply must be an object/],
      [{ payload: {}, code: 'fine' }, /msg\.code must be a whole number.*not fine/],
      [{ payload: {}, code: 2.5 }, /msg\.code must be a whole number.*not 2\.5/],
    ] as const) {
      const { code, message: told } = await errorFor({ ...message, ...wrong });
      assert.equal(code, 'CONFIG');
      assert.match(told, /lamp-1/);
      assert.match(told, text);
    }
    reply({ ...message, payload: { blinked: 1 } });
    assert.deepEqual(await answer, { code: 200, data: { blinked: 1 } });
  });

  it('cannot answer a request with another topic, for that would be an answer to nobody', async () => {
    await loadConnected();
    const called = nextMessage('called');
    const answer = bench.lamp.invokeService('blink', {}, { sync: true });
    const { aliyun, ...message } = await called;
    const topic = '/sys/a1b2c3d4e5f/lamp-1/thing/event/property/post';
    const { code } = await errorFor({ ...message, aliyun: { ...(aliyun as object), topic } });
    assert.equal(code, 'TIMEOUT');
    reply({ ...message, payload: {}, aliyun });
    assert.equal((await answer).code, 200);
  });
});
