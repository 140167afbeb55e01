/** Commands after which a device may be lost: only with the tick in the node. */
import assert from 'node:assert/strict';
import { load, nextError, nextMessage, node, statuses } from '../support/flow';
import { commandNode, sinks, useLamp } from './miio-command-flow';

describe('miio-command', () => {
  const bench = useLamp({ methods: { 'miIO.reboot': () => ['ok'] } });
  const { lampNode, load_ } = bench;

  for (const method of ['miIO.restore', 'miIO.ota', 'miIO.config_router', 'miIO.reboot', 'REBOOT']) {
    it(`does not send ${method} without the tick, and says which`, async () => {
      await load_([lampNode(), commandNode({ method }), ...sinks]);
      const caught = nextError('errors');
      node('command').receive({});
      const { code, message } = await caught;
      assert.equal(code, 'CONFIG');
      assert.ok(message.includes(method));
      assert.match(message, /Allow destructive commands/);
      assert.deepEqual(bench.device.received, []);
      assert.equal(statuses('command').at(-1)?.text, 'miio-command.status.failed');
    });
  }

  it('sends it with the tick', async () => {
    await load_([lampNode(), commandNode({ method: 'miIO.reboot', allowDestructive: true }), ...sinks]);
    const out = nextMessage('out');
    node('command').receive({});
    assert.deepEqual((await out).payload, ['ok']);
  });

  it('is not talked into it by a message', async () => {
    await load_([lampNode(), commandNode(), ...sinks]);
    for (const message of [
      { method: 'miIO.reboot', allowDestructive: true },
      { payload: { method: ' miio.Reboot ', params: [], allowDestructive: true } },
    ]) {
      const caught = nextError('errors');
      node('command').receive(message as never);
      assert.equal((await caught).code, 'CONFIG');
    }
    assert.deepEqual(bench.device.received, []);
  });

  it('does not send it to the device of a message either', async () => {
    await load([commandNode({ device: '', method: 'miIO.reboot' }), ...sinks]);
    const caught = nextError('errors');
    const { port, token } = bench.device;
    node('command').receive({ device: { address: '127.0.0.1', port, token } } as never);
    assert.match((await caught).message, /miIO\.reboot/);
    assert.deepEqual(bench.device.received, []);
  });
});
