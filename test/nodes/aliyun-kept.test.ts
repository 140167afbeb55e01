/** What the person who wired the flow sees of posts that wait: their number, in the words of the catalogue. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeInitializer } from 'node-red';
import sinon from 'sinon';
import { isRecord } from '../../nodes/runtime';
import { lights, sinks, useCloud } from '../support/aliyun';
import { helper, nextMessage, node, statusText } from '../support/flow';

const KINDS = {
  'aliyun-property': {},
  'aliyun-event': { event: 'low' },
};
/** The outbox has room for five of them in its smallest size, 1 MB. */
const PAYLOAD = { text: 'x'.repeat(200_000) };

/** Node-RED's test runtime gives each key back; with this the nodes get the text, as from Node-RED. */
function speakWords(): void {
  const load = helper.load.bind(helper);
  const speaking =
    (initialize: NodeInitializer): NodeInitializer =>
    (RED) => {
      RED._ = (key: string, values: unknown) => textOf(key, isRecord(values) ? values : {});
      return initialize(RED);
    };
  sinon
    .stub(helper, 'load')
    .callsFake(((types: NodeInitializer[], ...rest: [never, never]) =>
      load(types.map(speaking), ...rest)) as never);
}

/** The key itself if the catalogue has no such text. */
function textOf(key: string, values: Record<string, unknown>): string {
  const [type] = key.split('.');
  let found: unknown = key;
  try {
    const catalogue = readFileSync(join(__dirname, `../../nodes/locales/en-US/${type}.json`), 'utf8');
    found = key
      .split('.')
      .reduce<unknown>((at, part) => (isRecord(at) ? at[part] : undefined), JSON.parse(catalogue));
  } catch {
    // Not one of the texts of a node.
  }
  return typeof found === 'string' ? found.replace(/__(\w+)__/g, (_, name) => String(values[name])) : key;
}

for (const [type, fields] of Object.entries(KINDS)) {
  describe(`${type} with an outbox`, () => {
    let userDir = '';
    beforeEach(async () => {
      userDir = await mkdtemp(join(tmpdir(), 'mialink-'));
      helper.settings({ userDir } as never);
    });
    afterEach(async () => {
      // The device writes there until it is closed.
      await helper.unload();
      await rm(userDir, { recursive: true });
    });
    const bench = useCloud();

    async function loadConnected() {
      speakWords();
      const sender = (id: string) => ({ id, type, device: 'lamp', wires: [['out']], ...fields });
      const lamp = bench.lampNode({ outbox: 'file', outboxSizeMb: 1, timeoutMs: 500 });
      await bench.load([sender('sender'), sender('other'), ...sinks('sender')], undefined, lamp);
      await statusText('sender', `${type}.status.connected`);
    }
    async function loadAway() {
      await loadConnected();
      await bench.cloud.stopBroker();
      await statusText('sender', `${type}.status.disconnected`);
    }
    /** The message that goes on; the node has shown before what became of it. */
    async function send(id = 'sender') {
      const out = nextMessage('out');
      node(id).receive({ payload: PAYLOAD });
      return out;
    }
    /** The tries to connect are shown in between. */
    const ofKept = () => lights('sender').filter((light) => light.includes('kept'));

    it('shows how many posts the device keeps, and goes on with the message as ever', async () => {
      await loadAway();
      const { aliyun } = await send();
      assert.deepEqual(aliyun, { queued: true });
      await send('other');
      await send();
      const shown = ofKept();
      assert.equal(shown[0], 'yellow ring 1 kept until the cloud is reached');
      assert.equal(shown.at(-1), 'yellow ring 3 kept until the cloud is reached');
    });

    it('shows how many posts the outbox has dropped', async () => {
      await loadAway();
      for (let count = 0; count < 7; count++) await send();
      assert.equal(ofKept().at(-1), 'yellow ring 5 kept until the cloud is reached, 2 dropped');
    });

    it('follows what another node posts, and shows the connection when nothing is kept', async () => {
      await loadConnected();
      bench.cloud.knobs.dropReplies = true;
      await send();
      await send('other');
      await statusText('sender', '2 kept until the cloud is reached');
      bench.cloud.knobs.dropReplies = false;
      await statusText('sender', `${type}.status.connected`);
    });
  });
}

describe('an aliyun-property node whose posts have to stand in line', () => {
  const bench = useCloud();

  it('shows how many wait for their turn', async () => {
    speakWords();
    const property = { id: 'property', type: 'aliyun-property', device: 'lamp', wires: [['out']] };
    const lamp = bench.lampNode({ timeoutMs: 20_000 });
    await bench.load([property, ...sinks('property')], undefined, lamp);
    await statusText('property', 'aliyun-property.status.connected');
    for (let n = 0; n < 100; n++) node('property').receive({ payload: { n } });
    await statusText('property', 'aliyun-property.status.done');
    const shown = lights('property');
    const inLine = shown.map((light) =>
      Number(/^blue dot busy, (\d+) wait for their turn$/.exec(light)?.[1]),
    );
    const counts = inLine.filter((count) => count > 0);
    assert.ok(counts.length > 0, shown.join());
    assert.deepEqual(
      counts,
      [...counts].sort((one, other) => other - one),
      'the line gets shorter',
    );
  });
});
