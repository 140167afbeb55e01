/** The example flow that brings a new device into the Wi-Fi, as it is imported, with a simulated device. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { NodeInitializer } from 'node-red';
import command from '../../nodes/miio-command';
import device from '../../nodes/miio-device';
import discover from '../../nodes/miio-discover';
import { Home, lamp } from '../simulators/home';
import { helper, useNodeRed } from '../support/flow';

const FILE = path.join(__dirname, '../../examples/provisioning.json');
const CORE = path.join(path.dirname(require.resolve('@node-red/nodes/package.json')), 'core');
const PASSWORD = 'geheim im Netz';
const NEW_TOKEN = '00112233445566778899aabbccddeeff';

interface FlowNode {
  id: string;
  type: string;
  name?: string;
  addresses?: string;
  env?: { name: string; value: string }[];
}

/** Its debug nodes do nothing but get messages: the test looks at them there. */
const types: NodeInitializer[] = [
  ...['common/20-inject', 'common/25-catch', 'common/90-comment', 'function/15-change'].map((file) =>
    require(path.join(CORE, file)),
  ),
  command,
  device,
  discover,
];

describe('the example that brings a device into the Wi-Fi', () => {
  useNodeRed();
  let home: Home;
  let flow: FlowNode[];

  /** The node of this name in the flow. */
  const named = (name: string) =>
    helper.getNode(flow.find((node) => node.name === name)?.id ?? assert.fail(`no node ${name}`));

  beforeEach(async () => {
    const provisioning = { answer: 'list', newToken: NEW_TOKEN } as const;
    home = await Home.start([lamp({ port: 0, helloToken: 'disclosed', provisioning })]);
    flow = JSON.parse(readFileSync(FILE, 'utf8'));
    const [{ address, port } = assert.fail()] = home.devices;
    const tab = flow.find(({ type }) => type === 'tab') ?? assert.fail();
    for (const node of flow) {
      if (node.type === 'miio-discover') node.addresses = `${address}:${port}`;
      if (node.type === 'debug') node.type = 'helper';
      for (const setting of node.env ?? []) if (setting.name === 'WIFI_SSID') setting.value = 'my home';
    }
    await helper.load(types, flow as never, { [tab.id]: { WIFI_PASSWORD: PASSWORD } } as never);
  });
  afterEach(() => home.close());

  it('finds the device, and gives it the Wi-Fi of the tab’s environment', async () => {
    const [simulated = assert.fail()] = home.devices;
    const found = once(named('found'), 'input');
    named('1. look for the device').receive({});
    await found;
    const [provisioned, taken] = [once(simulated, 'provisioned'), once(named('taken'), 'input')];
    named('2. into the Wi-Fi').receive({});
    assert.deepEqual(await provisioned, [{ ssid: 'my home', passwd: PASSWORD, uid: 0 }]);
    const [{ payload }] = await taken;
    assert.deepEqual(payload, ['ok']);
    assert.equal(simulated.token, NEW_TOKEN);
  });

  it('sends no Wi-Fi without a name, and tells where to fill it in', async () => {
    const [simulated = assert.fail()] = home.devices;
    const tab = flow.find(({ type }) => type === 'tab') ?? assert.fail();
    for (const setting of tab.env ?? []) if (setting.name === 'WIFI_SSID') setting.value = '';
    await helper.setFlows(flow as never, 'full' as never);
    const found = once(named('found'), 'input');
    named('1. look for the device').receive({});
    await found;
    const failed = once(named('error'), 'input');
    named('2. into the Wi-Fi').receive({});
    const [{ error }] = await failed;
    assert.match(error.message, /WIFI_SSID in the environment variables of the tab/);
    assert.ok(!simulated.executed.some(({ method }) => method === 'miIO.config_router'));
  });

  it('holds no password itself', () => {
    assert.doesNotMatch(readFileSync(FILE, 'utf8'), /"passwd":/);
    const [tab] = JSON.parse(readFileSync(FILE, 'utf8'));
    assert.deepEqual(tab.env[1], { name: 'WIFI_PASSWORD', value: '', type: 'cred' });
  });
});
