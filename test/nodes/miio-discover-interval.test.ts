/** miio-discover with an interval: who appears, moves and disappears. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { NodeAPI } from 'node-red';
import sinon from 'sinon';
import type { FoundDevice } from '../../lib/miio';
import { deferred } from '../../lib/wait';
import { network } from '../../nodes/miio-device';
import register from '../../nodes/miio-discover';
import { Home, lamp, purifier, type SimulatedDevice } from '../simulators/home';
import { helper, nextError, nextMessage, node, type Received, statuses, useNodeRed } from '../support/flow';

const LAMP = '100000001';
const PURIFIER = '200000002';
const HOURLY = { interval: 3_600, timeoutMs: 100 };
const ADDRESSES = '127.54.14.0/27';

describe('miio-discover with an interval', () => {
  useNodeRed();
  let home: Home;
  /** What has arrived since the last search. */
  let received: Received[];

  beforeEach(async () => {
    home = await Home.start([lamp({ address: '127.54.14.11' }), purifier({ address: '127.54.14.12' })]);
  });
  afterEach(async () => {
    sinon.restore();
    await home.close();
  });

  /** Returns after the search at deploy; the next one by the clock is an hour away. */
  async function start(fields: Record<string, unknown> = {}, initializer = register): Promise<void> {
    await deploy(fields, initializer);
    received = [];
    node('out').on('input', (message) => received.push(message as Received));
    await nextMessage('completed');
  }

  async function deploy(fields: Record<string, unknown> = {}, initializer = register): Promise<void> {
    const tab = { id: 'tab', type: 'tab', label: 'test' };
    const nodes = [
      { id: 'discover', type: 'miio-discover', ...HOURLY, addresses: ADDRESSES, wires: [['out']], ...fields },
      { id: 'out', type: 'helper' },
      { id: 'catch', type: 'catch', wires: [['errors']] },
      { id: 'errors', type: 'helper' },
      { id: 'complete', type: 'complete', scope: ['discover'], wires: [['completed']] },
      { id: 'completed', type: 'helper' },
    ];
    await helper.load([initializer], [
      tab,
      ...nodes.map((each) => ({ z: tab.id, x: 0, y: 0, ...each })),
    ] as never);
  }

  /** Searches once more; resolves when the node is done. */
  async function search(message: Record<string, unknown> = {}): Promise<void> {
    received.length = 0;
    const completed = nextMessage('completed');
    node('discover').receive(message as never);
    await completed;
  }

  const device = (did: string): SimulatedDevice => home.device(did);
  /** `appeared 100000001`, in order. */
  const told = () =>
    received.map(({ miio, payload }) => {
      const { change } = miio as { change: string };
      return `${change} ${(payload as { deviceId: string }).deviceId}`;
    });
  const lists = () => received.map(({ miio }) => miio);
  const lengths = () => received.map(({ payload }) => (payload as unknown[]).length);

  it('tells of everybody at each search, and what is new of him', async () => {
    await start();
    assert.deepEqual(told().sort(), [`appeared ${LAMP}`, `appeared ${PURIFIER}`]);
    await search({ topic: 'home' });
    assert.deepEqual(told().sort(), [`present ${LAMP}`, `present ${PURIFIER}`]);
    assert.equal(received[0]?.topic, 'home');
  });

  it('tells that a device has gone after two searches without it, and gives nothing to command', async () => {
    await start();
    await device(LAMP).stop();
    await search();
    assert.deepEqual(told(), [`present ${PURIFIER}`]);
    await search({ device: { address: '127.54.14.11' } });
    assert.deepEqual(told(), [`present ${PURIFIER}`, `disappeared ${LAMP}`]);
    const [, gone] = received;
    assert.ok(gone && !('device' in gone), 'not even that of the message');
    assert.equal((gone.payload as { address: string }).address, '127.54.14.11');
    await search();
    assert.deepEqual(told(), [`present ${PURIFIER}`]);
    await device(LAMP).start();
    await search();
    assert.deepEqual(told(), [`appeared ${LAMP}`, `present ${PURIFIER}`]);
  });

  it('tells only changes when it is to report changes', async () => {
    await start({ report: 'changes' });
    assert.deepEqual(told().sort(), [`appeared ${LAMP}`, `appeared ${PURIFIER}`]);
    await search();
    assert.deepEqual(told(), []);
    await device(LAMP).stop();
    await search();
    await search();
    assert.deepEqual(told(), [`disappeared ${LAMP}`]);
  });

  it('tells that a device has moved, with the address to command it at', async () => {
    await start({ report: 'changes' });
    await home.close();
    home = await Home.start([lamp({ address: '127.54.14.21' }), purifier({ address: '127.54.14.12' })]);
    await search();
    assert.deepEqual(told(), [`moved ${LAMP}`]);
    const [{ device: commanded, payload } = assert.fail()] = received;
    assert.deepEqual(commanded, { address: '127.54.14.21', port: 54_321, deviceId: LAMP });
    assert.equal((payload as { address: string }).address, '127.54.14.21');
  });

  it('sends the list of who is there, and the ids of who is new or gone', async () => {
    await start({ output: 'list' });
    const [first] = received;
    assert.ok(first);
    assert.equal((first.payload as unknown[]).length, 2);
    const { appeared, ...others } = first.miio as { appeared: string[] };
    assert.deepEqual(appeared.sort(), [LAMP, PURIFIER]);
    assert.deepEqual(others, { moved: [], disappeared: [] });

    await device(LAMP).stop();
    await search();
    assert.deepEqual(lists(), [{ appeared: [], moved: [], disappeared: [] }]);
    assert.deepEqual(lengths(), [2], 'missed once is not gone');
    await search();
    assert.deepEqual(lists(), [{ appeared: [], moved: [], disappeared: [LAMP] }]);
    assert.deepEqual(lengths(), [1]);
  });

  it('sends a list only when something has changed, when it is to report changes', async () => {
    await start({ output: 'list', report: 'changes' });
    assert.equal(received.length, 1);
    await search();
    assert.deepEqual(received, []);
    await device(LAMP).stop();
    await search();
    await search();
    assert.deepEqual(lists(), [{ appeared: [], moved: [], disappeared: [LAMP] }]);
  });

  it('remembers the devices as they were, whatever a flow does with the message', async () => {
    await start();
    for (const message of received) Object.assign(message.payload as object, { deviceId: '0', address: 'x' });
    await device(LAMP).stop();
    await search();
    await search();
    assert.deepEqual(told(), [`present ${PURIFIER}`, `disappeared ${LAMP}`]);
  });

  it('lets a message that searches elsewhere make nobody disappear', async () => {
    const lampFound = { address: '10.0.0.1', port: 54_321, deviceId: LAMP, stamp: 1 };
    const elsewhere = { address: '10.0.9.2', port: 54_321, deviceId: PURIFIER, stamp: 1 };
    sinon
      .stub(network, 'discover')
      .callsFake(async ({ addresses } = {}) => [addresses ? elsewhere : lampFound]);
    await start({ addresses: '' });
    await search({ addresses: '10.0.9.2' });
    assert.deepEqual(told(), [`appeared ${PURIFIER}`]);
    for (const addresses of ['10.0.9.2', ['10.0.9.2'], Buffer.from('10.0.9.2')]) {
      await search({ addresses });
      assert.deepEqual(told(), [`present ${PURIFIER}`]);
    }
    await search();
    assert.deepEqual(told(), [`present ${LAMP}`]);
  });

  describe('at a deploy that ends its search', () => {
    const searching = new EventEmitter<{ search: [] }>();

    beforeEach(async () => {
      sinon.stub(network, 'discover').callsFake(async ({ signal } = {}) => {
        searching.emit('search');
        if (signal && !signal.aborted) await once(signal, 'abort');
        return [];
      });
      const begun = once(searching, 'search');
      await deploy();
      await begun;
    });

    it('says nothing if nobody had asked', async () => {
      await node('discover').close(false);
      assert.deepEqual(errors(), []);
    });

    it('tells who had asked by a message', async () => {
      const begun = once(searching, 'search');
      node('discover').receive({ topic: 'asked' });
      await begun;
      await node('discover').close(false);
      assert.deepEqual(errors(), ['closed']);
    });
  });

  it('shows in grey that nobody is there', async () => {
    sinon.stub(network, 'discover').resolves([]);
    await start({}, inPlainText);
    assert.equal(shown().at(-1), 'grey found {"count":0}');
  });

  it('shows how many a message has found, without an interval too', async () => {
    const discover = sinon.stub(network, 'discover').resolves([]);
    await deploy({ interval: 0 }, inPlainText);
    received = [];
    await search();
    assert.equal(shown().at(-1), 'grey found {"count":0}');
    discover.resolves([{ address: '10.0.0.1', port: 54_321, deviceId: LAMP, stamp: 1 }]);
    await search();
    assert.equal(shown().at(-1), 'green found {"count":1}');
  });

  it('shows that it searches until the last search under way has ended', async () => {
    const last = deferred<FoundDevice[]>();
    const discover = sinon.stub(network, 'discover').resolves([]);
    discover.onSecondCall().returns(last.promise);
    await deploy({ interval: 0 }, inPlainText);
    const first = nextMessage('completed');
    for (const topic of ['first', 'last']) node('discover').receive({ topic });
    assert.equal((await first).topic, 'first');
    assert.equal(shown().at(-1), 'blue busy');
    const completed = nextMessage('completed');
    last.resolve([]);
    await completed;
    assert.equal(shown().at(-1), 'grey found {"count":0}');
  });

  it('shows how many are there, and a failure as such', async () => {
    const discover = sinon.stub(network, 'discover').resolves([
      { address: '10.0.0.1', port: 54_321, deviceId: LAMP, stamp: 1 },
      { address: '10.0.0.2', port: 54_321, deviceId: PURIFIER, stamp: 1 },
    ]);
    await start({}, inPlainText);
    assert.deepEqual(shown(), ['grey idle', 'blue busy', 'green done', 'green found {"count":2}']);
    discover.rejects(new Error('the network is down'));
    const failed = nextError('errors');
    node('discover').receive({});
    await failed;
    assert.deepEqual(shown().slice(-2), ['blue busy', 'red failed']);
  });
});

/** The statuses of the node so far. */
function shown(): string[] {
  const prefix = 'miio-discover.status.';
  return statuses('discover').map(({ fill, text }) => `${fill} ${text?.replace(prefix, '')}`);
}

/** The reasons that the node has told so far; the helper spies on it. */
function errors(): unknown[] {
  const spy = helper.getNode('discover').error as unknown as { args: [{ reason?: unknown }][] };
  return spy.args.map(([{ reason }]) => reason);
}

/** The node, with texts that show their values: the test runtime has no catalogue. */
function inPlainText(RED: NodeAPI): void {
  const _ = (key: string, values?: object) => `${key} ${JSON.stringify(values)}`;
  register({ ...RED, _: _ as NodeAPI['_'] });
}
