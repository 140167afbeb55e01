/**
 * miio-device (config): one miIO device, shared by the nodes that name it. It says hello to the device while a node
 * uses it, and has the admin routes behind the dialog's *scan* and *test*; those behind *Tokens from a file* are in
 * `token-upload`.
 */
import type { NodeAPI, NodeDef } from 'node-red';
import { type DeviceSettings, type MiioDevice, Network } from '../lib/miio';
import { type DeviceNode, shareDevice } from './device-sharing';
import { adminPost, asNumber, asText, fromEnvironment, inUsersLanguage, isRecord } from './runtime';
import { registerTokenUpload } from './token-upload';

interface Credentials {
  token?: string;
}

type MiioDeviceNode = DeviceNode<MiioDevice, Credentials>;

/** As they come from the editor, from an environment variable or from the dialog's *test*. */
type Fields = Partial<
  Record<'name' | 'address' | 'port' | 'deviceId' | 'timeoutMs' | 'retries' | 'bindAddress', unknown>
>;
type Config = NodeDef & Fields;

/** Every miIO device of this Node-RED: one socket, one session for each device. */
export const network = new Network();

const DISCOVERY_MS = 2_000;
const INFO_TIMEOUT_MS = 5_000;
/** What the editor sends for a password that it does not know and nobody has touched; a blank one was cleared. */
const STORED_PASSWORD = '__PWRD__';

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType<MiioDeviceNode, Config, object, Credentials>('miio-device', create, {
    credentials: { token: { type: 'password' } },
  });

  function create(this: MiioDeviceNode, config: Config): void {
    RED.nodes.createNode(this, config);
    shareDevice(
      RED,
      this,
      () => {
        const device = network.device(readSettings(config, this.credentials));
        device.watch();
        return device;
      },
      (device) => device.close(),
    );
  }

  registerTokenUpload(RED);

  adminPost(RED, '/miio-device/discover', 'miio-device.write', async (body) => {
    const found = await network.discover({
      addresses: asText(body.addresses),
      bindAddress: asText(body.bindAddress),
      timeoutMs: DISCOVERY_MS,
    });
    // A token that a device discloses stays here.
    return {
      devices: found.map(({ token, ...device }) => ({ ...device, tokenDisclosed: token !== undefined })),
    };
  });

  adminPost(RED, '/miio-device/test', 'miio-device.write', async (body) => {
    const typed = Object.fromEntries(
      Object.entries(body).map(([name, value]) => [name, fromEnvironment(RED, value)]),
    );
    try {
      const credentials =
        typed.token === STORED_PASSWORD ? storedCredentials(RED, asText(typed.id)) : { token: typed.token };
      return { ok: true, ...(await askInfo(readSettings(typed, credentials))) };
    } catch (error) {
      return { ok: false, error: inUsersLanguage(RED, error).message };
    }
  });
}

function storedCredentials(RED: NodeAPI, id: string): unknown {
  const node = RED.nodes.getNode(id);
  return node?.type === 'miio-device' ? node.credentials : undefined;
}

/** Who a device says it is. */
interface Info {
  model: string;
  firmware: string;
  deviceId: string | undefined;
}

async function askInfo(settings: DeviceSettings): Promise<Info> {
  const device = network.device({ ...settings, timeoutMs: INFO_TIMEOUT_MS });
  try {
    const { result } = await device.call('miIO.info');
    const info = isRecord(result) ? result : {};
    return { model: asText(info.model), firmware: asText(info.fw_ver), deviceId: device.deviceId };
  } finally {
    device.close();
  }
}

/** The settings as the library takes them; a blank number means its default. */
function readSettings(config: Fields, credentials: unknown): DeviceSettings {
  return {
    name: asText(config.name),
    address: asText(config.address),
    port: asNumber(config.port),
    token: isRecord(credentials) ? asText(credentials.token) : '',
    deviceId: asText(config.deviceId),
    timeoutMs: asNumber(config.timeoutMs),
    retries: asNumber(config.retries),
    bindAddress: asText(config.bindAddress),
  };
}
