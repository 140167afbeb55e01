import assert from 'node:assert/strict';
import { stub } from 'sinon';
import { network } from '../../nodes/miio-device';
import { Home, hiddenPlug, lamp, purifier } from '../simulators/home';
import { load, nextError, nextMessage, node, type Received, statuses, useNodeRed } from '../support/flow';

describe('miio-discover', () => {
  useNodeRed();
  let home: Home;
  let addresses: string;

  beforeEach(async () => {
    home = await Home.start([
      lamp({ port: 0, helloToken: 'disclosed' }),
      purifier({ port: 0 }),
      hiddenPlug({ port: 0 }),
    ]);
    addresses = home.devices.map(({ port }) => `127.0.0.1:${port}`).join(', ');
  });
  afterEach(() => home.close());

  const flow = (fields: Record<string, unknown>) => [
    { id: 'discover', type: 'miio-discover', timeoutMs: '300', wires: [['out']], ...fields },
    { id: 'out', type: 'helper' },
    { id: 'catch', type: 'catch', wires: [['errors']] },
    { id: 'errors', type: 'helper' },
    { id: 'complete', type: 'complete', scope: ['discover'], wires: [['completed']] },
    { id: 'completed', type: 'helper' },
  ];

  it('sends one message for each device, then is done; msg.device fits miio-command', async () => {
    await load(flow({ addresses, output: 'each' }));
    const messages: Received[] = [];
    node('out').on('input', (message) => messages.push(message as Received));
    const completed = nextMessage('completed');
    node('discover').receive({ topic: 'home' });
    await completed;
    assert.equal(messages.length, 3);
    const [disclosing, hidden] = home.devices.map(({ did }) =>
      messages.find((message) => (message.device as { deviceId: string }).deviceId === did),
    );
    assert.ok(disclosing && hidden);
    const [{ port, token, did } = {}] = home.devices;
    assert.deepEqual(disclosing.device, { address: '127.0.0.1', port, deviceId: did, token });
    const { stamp, ...payload } = disclosing.payload as Record<string, unknown>;
    // Who discloses his token can be asked for his model.
    assert.deepEqual(payload, { ...disclosing.device, model: 'yeelink.light.lamp1' });
    assert.equal(typeof stamp, 'number');
    assert.equal(disclosing.topic, 'home');
    assert.ok(!('miio' in disclosing), 'without an interval there is no change to tell');
    assert.ok(!('token' in (hidden.payload as object)), 'a hidden token is left out');
  });

  it('sends one array with output list, also when nobody answers', async () => {
    await load(flow({ addresses, output: 'list' }));
    const all = nextMessage('out');
    node('discover').receive({});
    assert.equal(((await all).payload as unknown[]).length, 3);
    await home.close();
    const none = nextMessage('out');
    node('discover').receive({});
    assert.deepEqual((await none).payload, []);
  });

  it('is only done when nobody answers with output each', async () => {
    await home.close();
    await load(flow({ addresses, output: 'each' }));
    node('out').once('input', () => assert.fail('nobody answered'));
    const completed = nextMessage('completed');
    node('discover').receive({});
    await completed;
  });

  it('takes addresses from the message where the field is blank', async () => {
    await load(flow({ addresses: '', output: 'list' }));
    const out = nextMessage('out');
    node('discover').receive({ addresses: `127.0.0.1:${home.devices[0]?.port}` } as never);
    assert.equal(((await out).payload as unknown[]).length, 1);
  });

  it('takes a list of addresses, or the bytes of a text with them', async () => {
    await load(flow({ addresses: '', output: 'list' }));
    const [one, two] = addresses.split(', ');
    for (const some of [[one, two], Buffer.from(`${one}\n${two}\n`)]) {
      const out = nextMessage('out');
      node('discover').receive({ addresses: some } as never);
      assert.equal(((await out).payload as unknown[]).length, 2);
    }
  });

  for (const wrong of [[], [1], ['127.0.0.1', ''], {}, { address: '127.0.0.1' }, 5, false]) {
    it(`does not take ${JSON.stringify(wrong)} for no addresses, which would be the whole network`, async () => {
      await load(flow({ addresses: '' }));
      const search = stub(network, 'discover').rejects(new Error('searched'));
      const caught = nextError('errors');
      node('discover').receive({ addresses: wrong } as never);
      const { code, message } = await caught;
      assert.equal(code, 'CONFIG');
      assert.match(message, /miio-discover: addresses must be text or an array of texts, not /);
      assert.equal(search.callCount, 0);
    });
  }

  it('takes the address to bind to from the message where the field is blank', async () => {
    await load(flow({ addresses, output: 'list' }));
    const error = nextError('errors');
    node('discover').receive({ bindAddress: '192.0.2.77' } as never);
    assert.match((await error).message, /192\.0\.2\.77/);
    const out = nextMessage('out');
    node('discover').receive({ bindAddress: '127.0.0.1' } as never);
    assert.equal(((await out).payload as unknown[]).length, 3);
  });

  it('fails with CONFIG for an address that is none, naming it', async () => {
    await load(flow({ addresses: '192.168.1.0/40' }));
    const caught = nextError('errors');
    node('discover').receive({});
    const { code, message } = await caught;
    assert.equal(code, 'CONFIG');
    assert.match(message, /192\.168\.1\.0\/40/);
  });

  it('fails with CONFIG for a time that is none', async () => {
    await load(flow({ addresses, timeoutMs: 'soon' }));
    const caught = nextError('errors');
    node('discover').receive({});
    const { code, message } = await caught;
    assert.equal(code, 'CONFIG');
    assert.match(message, /timeoutMs/);
  });

  it('looks around at deploy when it has an interval', async () => {
    await load(flow({ addresses, output: 'list', interval: 3_600, timeoutMs: 100 }));
    assert.equal(((await nextMessage('out')).payload as unknown[]).length, 3);
  });

  for (const interval of ['soon', -1, 2_592_000]) {
    it(`fails with CONFIG, and shows it, for the interval ${interval}`, async () => {
      await load(flow({ addresses, interval }));
      assert.equal(statuses('discover').at(-1)?.text, 'miio-discover.status.misconfigured');
      const caught = nextError('errors');
      node('discover').receive({});
      const { code, message } = await caught;
      assert.equal(code, 'CONFIG');
      assert.match(message, /interval must be/);
    });
  }

  it('looks around by itself at its interval, and stops when the flow stops', async () => {
    await load(flow({ addresses, output: 'list', interval: 0.4, timeoutMs: 100 }));
    assert.equal(((await nextMessage('out')).payload as unknown[]).length, 3);
    assert.equal(((await nextMessage('out')).payload as unknown[]).length, 3);
  });
});
