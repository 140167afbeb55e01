/** miio-ota: what is said of wrong settings and wrong messages, before anything is sent. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { nextError, nextMessage, node, statuses } from '../support/flow';
import { steps, useFlashableLamp } from './miio-ota-flow';

describe('miio-ota', () => {
  const bench = useFlashableLamp();
  const orders = () => bench.device.received.filter(({ method }) => method === 'miIO.ota');

  async function failure(message: Record<string, unknown>) {
    const caught = nextError('errors');
    node('ota').receive({ payload: bench.file, ...message } as never);
    return caught;
  }

  it('takes exactly one path, and tells the flow of the cloud when it is not', async () => {
    await bench.start();
    for (const [payload, found] of [
      [[bench.file, bench.file], /an array of 2/],
      [[], /an array of 0/],
      ['  ', /path of one/],
      [{ file: bench.file }, /object/],
      [undefined, /undefined/],
      [Buffer.from('firmware'), /object/],
    ] as const) {
      const { code, message } = await failure({ payload });
      assert.equal(code, 'CONFIG');
      assert.match(message, found);
    }
    assert.deepEqual(steps(bench.progress), [-4, -4, -4, -4, -4, -4]);
    assert.deepEqual(orders(), []);
  });

  it('says which file cannot be read', async () => {
    await bench.start();
    const { code, message } = await failure({ payload: `${bench.file}x` });
    assert.equal(code, 'CONFIG');
    assert.match(message, /firmware\.binx.*ENOENT/);
    assert.deepEqual(orders(), []);
  });

  for (const [fields, text] of [
    [{ address: 'http://192.168.1.2' }, /address must be an IP address or a host name/],
    [{ port: 'x' }, /port must be/],
    [{ port: 70_000 }, /port must be/],
    [{ timeoutMs: '-1' }, /timeoutMs must be/],
    [{ timeoutMs: '99999999999' }, /timeoutMs must be/],
  ] as const) {
    it(`says what is wrong with ${JSON.stringify(fields)}`, async () => {
      await bench.start(fields);
      const { code, message } = await failure({});
      assert.equal(code, 'CONFIG');
      assert.match(message, text);
      assert.deepEqual(orders(), []);
    });
  }

  it('says that the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const bound = other.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    await bench.start({ port });
    const { code, message } = await failure({});
    other.close();
    assert.equal(code, 'CONFIG');
    assert.ok(message.includes(String(port)));
    assert.match(message, /EADDRINUSE/);
  });

  it('serves at the address and the port of its fields, else of the message', async () => {
    for (const [fields, message] of [
      [{ address: 'localhost', port: '' }, { address: 'ignored.example' }],
      [{}, { address: 'localhost' }],
    ] as const) {
      await bench.start(fields);
      const out = nextMessage('out');
      node('ota').receive({ payload: bench.file, ...message } as never);
      await out;
      assert.equal(bench.appUrl.hostname, 'localhost');
      await bench.stop();
    }
  });

  it('is misconfigured without a device, at each message', async () => {
    await bench.start({ device: 'gone' });
    assert.equal(statuses('ota')[0]?.text, 'miio-ota.status.no-device');
    const { code, message } = await failure({});
    assert.equal(code, 'CONFIG');
    assert.match(message, /choose a device/);
  });
});
