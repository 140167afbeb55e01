/** A command on its way: answered, failed, or ended with the flow. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { helper, nextError, nextMessage, node, statuses, statusText } from '../support/flow';
import { commandNode, sinks, useLamp, WRONG_TOKEN } from './miio-command-flow';

describe('miio-command', () => {
  const bench = useLamp();
  const { lampNode, load_ } = bench;

  it('sends method and params of its fields and keeps the rest of the message', async () => {
    await load_([lampNode(), commandNode({ method: 'get_prop', params: '["power","bright"]' }), ...sinks]);
    const out = nextMessage('out');
    const completed = nextMessage('completed');
    node('command').receive({ payload: 'go', topic: 'lamp', req: 7 } as never);
    const message = await out;
    assert.deepEqual(message.payload, ['off', 80]);
    assert.equal(message.topic, 'lamp');
    assert.equal(message.req, 7);
    const { id, durationMs, ...known } = message.miio as Record<string, unknown>;
    assert.deepEqual(known, {
      address: '127.0.0.1',
      deviceId: bench.device.did,
      method: 'get_prop',
      params: ['power', 'bright'],
    });
    assert.equal(typeof id, 'number');
    assert.equal(typeof durationMs, 'number');
    assert.equal((await completed)._msgid, message._msgid);
  });

  it('fails with DEVICE, the code in text and msg.miio, and sends nothing', async () => {
    await load_([lampNode(), commandNode({ method: 'fly' }), ...sinks]);
    const caught = nextError('errors');
    node('out').once('input', () => assert.fail('a failure sends no message'));
    node('command').receive({ topic: 't' });
    const { code, message, at } = await caught;
    assert.equal(code, 'DEVICE');
    assert.match(message, /desk lamp .*fly.*-32601 Method not found/);
    assert.equal((at.miio as { code: number }).code, -32601);
    assert.equal((at.miio as { message: string }).message, 'Method not found.');
    assert.equal(at.topic, 't');
    assert.deepEqual(statuses('command').at(-1), {
      fill: 'red',
      shape: 'dot',
      text: 'miio-command.status.failed',
    });
  });

  it('shows connected, busy and done', async () => {
    await load_([lampNode(), commandNode({ method: 'toggle' }), ...sinks]);
    await statusText('command', 'miio-command.status.connected');
    const out = nextMessage('out');
    node('command').receive({});
    await out;
    const [before, busy, done] = statuses('command').slice(-3);
    assert.deepEqual(before, { fill: 'green', shape: 'dot', text: 'miio-command.status.connected' });
    assert.deepEqual(busy, { fill: 'blue', shape: 'dot', text: 'miio-command.status.busy' });
    assert.deepEqual(done, { fill: 'green', shape: 'dot', text: 'miio-command.status.done' });
  });

  it('says that an absent device is disconnected, and recovers alone when it is plugged in', async function () {
    this.timeout(30_000);
    await bench.device.stop();
    await load_([lampNode({ timeoutMs: 300 }), commandNode({ method: 'toggle' }), ...sinks]);
    const caught = nextError('errors');
    node('command').receive({});
    assert.equal((await caught).code, 'TIMEOUT');
    await bench.device.start();
    await statusText('command', 'miio-command.status.connected');
    const out = nextMessage('out');
    node('command').receive({});
    assert.deepEqual((await out).payload, ['ok']);
  });

  it('fails with AUTH when the token is wrong, naming the token but not telling it', async () => {
    await load_([lampNode({ timeoutMs: 500 }), commandNode({ method: 'toggle' }), ...sinks], WRONG_TOKEN);
    const caught = nextError('errors');
    node('command').receive({});
    const { code, message } = await caught;
    assert.equal(code, 'AUTH');
    assert.match(message, /token/);
    assert.doesNotMatch(message, new RegExp(WRONG_TOKEN));
  });

  it('settles a command under way with CANCELLED when the flow is stopped, and sends nothing more', async () => {
    bench.device.faults.silentCommands = true;
    await load_([lampNode(), commandNode({ method: 'toggle' }), ...sinks]);
    const command = node('command');
    const sent = once(bench.device, 'command');
    command.receive({});
    await sent;
    const failed: string[] = [];
    command.error = ((error: { code?: string }) => failed.push(error.code ?? '')) as never;
    await helper.unload();
    assert.deepEqual(failed, ['CANCELLED']);
  });

  it('takes many messages at once, each answered, without a warning of Node.js', async () => {
    await load_([lampNode(), commandNode({ method: 'toggle' }), ...sinks]);
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.name);
    process.on('warning', note);
    const answers: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      node('out').on('input', ({ payload }) => {
        if (answers.push(payload) === 40) resolve();
      });
    });
    for (let message = 0; message < 40; message++) node('command').receive({});
    await all;
    process.off('warning', note);
    assert.deepEqual(warnings, []);
    assert.equal(bench.device.executed.length, 40);
  });

  it('answers two messages in order with two nodes on one device', async () => {
    await load_([
      lampNode(),
      commandNode({ method: 'set_bright' }),
      commandNode({ id: 'reader', method: 'get_prop', params: '["bright"]' }),
      ...sinks,
    ]);
    const first = nextMessage('out');
    node('command').receive({ params: [33] } as never);
    node('reader').receive({});
    assert.deepEqual((await first).payload, ['ok']);
    assert.deepEqual((await nextMessage('out')).payload, [33]);
  });
});
