/**
 * One MQTT connection per triple: the cloud throws the older of two out, so config nodes with one ProductKey and
 * DeviceName share one device. It is opened for the first of them and closed after the last.
 */
import { AliyunDevice, type AliyunSettings, type CheckedSettings, checkSettings } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import type { Logger } from '../lib/logger';

interface Shared {
  device: AliyunDevice;
  settings: CheckedSettings;
  /** How many have taken it. */
  users: number;
}

export class AliyunDevices {
  private readonly shared = new Map<string, Shared>();

  /**
   * The device of this triple, open; `logger` is used if it is a new one. Throws a MialinkError (`CONFIG`) for a
   * missing or malformed setting, and for one that differs from those with which the device is open.
   */
  take(settings: AliyunSettings, logger: Logger): AliyunDevice {
    const checked = checkSettings(settings);
    const key = keyOf(checked.triple);
    const known = this.shared.get(key);
    if (known) {
      assertAlike(checked, known.settings);
      known.users += 1;
      return known.device;
    }
    const device = new AliyunDevice(settings, { logger });
    this.shared.set(key, { device, settings: checked, users: 1 });
    device.open();
    return device;
  }

  /** To be called once for each `take`. Resolves when the device is closed, if it was the last. */
  async release(device: AliyunDevice): Promise<void> {
    const key = keyOf(device.identity);
    const shared = this.shared.get(key);
    if (shared?.device !== device) return;
    shared.users -= 1;
    if (shared.users > 0) return;
    this.shared.delete(key);
    await device.close();
  }
}

function keyOf({ productKey, deviceName }: { productKey: string; deviceName: string }): string {
  return `${productKey}/${deviceName}`;
}

/** The values are not told: one of them is the secret. */
function assertAlike(wanted: CheckedSettings, open: CheckedSettings): void {
  const [one, other] = [fieldsOf(wanted), fieldsOf(open)];
  const field = Object.keys(one).find((name) => one[name] !== other[name]);
  if (field === undefined) return;
  const rule = 'the same in all aliyun-device nodes of one ProductKey and DeviceName';
  throw new MialinkError('settingInvalid', { device: wanted.label, field, rule, value: 'another one' });
}

/** What makes the connection, as the fields of the dialog; region and instance are in the endpoint. */
function fieldsOf(settings: CheckedSettings): Record<string, unknown> {
  const { triple, endpoint, ca, keepalive, cleanSession, signMethod, timeoutMs } = settings;
  return {
    deviceSecret: triple.deviceSecret,
    transport: endpoint.transport,
    endpoint: `${endpoint.host}:${endpoint.port}`,
    ca: ca.join(),
    keepalive,
    cleanSession,
    signMethod,
    timeoutMs,
  };
}
