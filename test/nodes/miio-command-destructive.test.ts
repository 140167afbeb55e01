/** Commands after which a device may be lost: only with the tick in the node. */
import assert from 'node:assert/strict';
import { load, nextError, nextMessage, node, statuses } from '../support/flow';
import { commandNode, sinks, useLamp } from './miio-command-flow';

describe('miio-command', () => {
  const bench = useLamp({
    methods: { 'miIO.reboot': () => ['ok'], 'miIO.config_router': (params: unknown) => params },
  });
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

  const PASSWORD = 'geheim7';
  for (const [what, params, text] of [
    [
      'name is blank',
      { ssid: '', passwd: PASSWORD, uid: 0 },
      /desk lamp .*name of the Wi-Fi, ssid, is blank; fill it in.*environment/,
    ],
    ['name is missing', { passwd: '' }, /is blank; fill it in/],
    ['name is too long', { ssid: 'x'.repeat(33), passwd: '' }, /ssid must be .* 1 to 32 bytes/],
    [
      'password is too short',
      { ssid: 'home', passwd: PASSWORD },
      /password must be .* 8 to 63 .*environment/,
    ],
    ['password is no text', { ssid: 'home', passwd: 12_345_678 }, /password must be a text/],
  ] as const) {
    it(`does not send a Wi-Fi whose ${what}, and tells what to do`, async () => {
      await load_([
        lampNode(),
        commandNode({ method: 'miIO.config_router', allowDestructive: true }),
        ...sinks,
      ]);
      const caught = nextError('errors');
      node('command').receive({ params } as never);
      const { code, message } = await caught;
      assert.equal(code, 'CONFIG');
      assert.match(message, text);
      assert.doesNotMatch(message, new RegExp(PASSWORD));
      assert.deepEqual(bench.device.received, []);
    });
  }

  it('leaves what else the Wi-Fi’s params have to the device', async () => {
    const command = commandNode({ method: 'miIO.config_router', allowDestructive: true });
    await load_([lampNode(), command, ...sinks]);
    const all = [{ ssid: 'home', uid: '42', tz: 8 }, { ssid: 'home', passwd: '', more: [1] }, ['home']];
    for (const params of all) {
      const out = nextMessage('out');
      node('command').receive({ params } as never);
      assert.deepEqual((await out).payload, params);
    }
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
