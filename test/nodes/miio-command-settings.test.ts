/** Where the settings of a command come from, and what is said of wrong ones. */
import assert from 'node:assert/strict';
import { helper, load, nextError, nextMessage, node, statuses } from '../support/flow';
import { commandNode, sinks, useLamp, WRONG_TOKEN } from './miio-command-flow';

describe('miio-command', () => {
  const bench = useLamp();
  const { lampNode, load_ } = bench;

  it('takes a blank method and blank params from the message, then from the payload', async () => {
    await load_([lampNode(), commandNode(), ...sinks]);
    for (const [message, method, params] of [
      [{ method: 'set_bright', params: [5], payload: { method: 'toggle' } }, 'set_bright', [5]],
      [{ payload: { method: 'set_power', params: ['on'] } }, 'set_power', ['on']],
      [{ payload: { method: 'toggle' } }, 'toggle', []],
    ] as const) {
      const out = nextMessage('out');
      node('command').receive(message as never);
      assert.deepEqual((await out).payload, ['ok']);
      const last = bench.device.executed.at(-1);
      assert.deepEqual([last?.method, last?.params], [method, params]);
    }
  });

  it('evaluates typed inputs', async () => {
    await load_([
      lampNode(),
      commandNode({ method: 'do', methodType: 'msg', params: '[payload * 2]', paramsType: 'jsonata' }),
      ...sinks,
    ]);
    const out = nextMessage('out');
    node('command').receive({ do: 'set_bright', payload: 21 } as never);
    await out;
    assert.equal(bench.device.get('bright'), 42);
  });

  it('tells a JSON error in the params field to the Catch node and stays alive', async () => {
    await load_([lampNode(), commandNode({ method: 'get_prop', params: '["power"' }), ...sinks]);
    const caught = nextError('errors');
    node('command').receive({});
    const { code, message } = await caught;
    assert.equal(code, 'CONFIG');
    assert.match(message, /params.*JSON/);
  });

  for (const [what, lampFields, token, field] of [
    ['no token', {}, '', /token is missing/],
    ['a malformed token', {}, 'abc', /32 hexadecimal digits/],
    ['no address', { address: '' }, WRONG_TOKEN, /address is missing/],
    ['a port that is none', { port: 'x' }, WRONG_TOKEN, /port must be/],
    ['a device id that is none', { deviceId: 'x1' }, WRONG_TOKEN, /device id must be/],
  ] as const) {
    it(`fails with CONFIG at each message, and shows it, with ${what}`, async () => {
      await load_([lampNode(lampFields), commandNode({ method: 'toggle' }), ...sinks], token);
      for (let time = 0; time < 2; time++) {
        const caught = nextError('errors');
        node('command').receive({});
        const { code, message } = await caught;
        assert.equal(code, 'CONFIG');
        assert.match(message, field);
      }
      assert.deepEqual(statuses('command')[0], {
        fill: 'red',
        shape: 'ring',
        text: 'miio-command.status.misconfigured',
      });
    });
  }

  it('says which setting is missing: method, device', async () => {
    await load_([lampNode(), commandNode(), ...sinks]);
    const noMethod = nextError('errors');
    node('command').receive({ payload: 1 });
    assert.match((await noMethod).message, /method is missing/);

    await helper.unload();
    await load([commandNode({ device: 'gone' }), ...sinks]);
    const noDevice = nextError('errors');
    node('command').receive({});
    const { code, message } = await noDevice;
    assert.equal(code, 'CONFIG');
    assert.match(message, /choose a device/);
    assert.equal(statuses('command')[0]?.text, 'miio-command.status.no-device');
  });

  it('speaks to the device of the message where none is chosen', async () => {
    await load([commandNode({ device: '', method: 'toggle' }), ...sinks]);
    const out = nextMessage('out');
    const { port, token, did } = bench.device;
    node('command').receive({ device: { address: '127.0.0.1', port, deviceId: did, token } } as never);
    assert.deepEqual((await out).payload, ['ok']);

    const caught = nextError('errors');
    node('command').receive({ device: { address: '127.0.0.1', port } } as never);
    const { code, message } = await caught;
    assert.equal(code, 'CONFIG');
    assert.match(message, /token is missing/);
  });

  it('sends exactly one datagram with retries 0', async () => {
    bench.device.faults.silentCommands = true;
    await load_([lampNode({ timeoutMs: 2_500 }), commandNode({ method: 'toggle', retries: '0' }), ...sinks]);
    const caught = nextError('errors');
    node('command').receive({});
    await caught;
    assert.equal(bench.device.received.length, 1);
  });

  it('takes retries from the message where the field is blank', async () => {
    bench.device.faults.silentCommands = true;
    await load_([lampNode({ timeoutMs: 1_500 }), commandNode({ method: 'toggle' }), ...sinks]);
    const caught = nextError('errors');
    node('command').receive({ retries: 0 } as never);
    await caught;
    assert.equal(bench.device.received.length, 1);
  });

  it('says what is wrong with an expression, and takes no object for a method', async () => {
    await load_([lampNode(), commandNode({ method: '$error("no lamp")', methodType: 'jsonata' }), ...sinks]);
    const broken = nextError('errors');
    node('command').receive({});
    assert.match((await broken).message, /method.*no lamp/);

    await helper.unload();
    await load_([lampNode(), commandNode(), ...sinks]);
    const missing = nextError('errors');
    node('command').receive({ method: { a: 1 } } as never);
    assert.match((await missing).message, /method is missing/);
  });

  it('takes settings from environment variables, as numbers or as text', async () => {
    process.env.TEST_LAMP_PORT = String(bench.device.port);
    process.env.TEST_LAMP_TOKEN = bench.device.token;
    await load_(
      [lampNode({ port: '$(TEST_LAMP_PORT)' }), commandNode({ method: 'toggle' }), ...sinks],
      '$(TEST_LAMP_TOKEN)',
    );
    const out = nextMessage('out');
    node('command').receive({});
    assert.deepEqual((await out).payload, ['ok']);
  });
});
