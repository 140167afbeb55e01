/** `--info`: what a device tells of itself; where its token is hidden and not given, what hello tells. */
import { isRecord } from '../untrusted';
import { type Context, deviceSettings, show } from './context';
import { described, findDevice } from './discover';
import { DONE, NOTHING_FOUND } from './exit-codes';
import { list } from './table';

export async function showInfo(address: string, context: Context): Promise<number> {
  const { token } = context.settings;
  const info = token === '' ? await hello(address, context) : await ask(address, token, context);
  if (!info) return NOTHING_FOUND;
  // The words of the protocol: nobody translates `fw_ver`.
  show(info, context, () => list(Object.entries(info).map(([name, value]) => [name, asLine(value)])));
  return DONE;
}

async function hello(address: string, context: Context): Promise<object | undefined> {
  const found = await findDevice(address, context);
  if (found?.token !== undefined) return ask(address, found.token, context);
  return found && described(found, context);
}

async function ask(address: string, token: string, context: Context): Promise<object> {
  const { network, signal } = context;
  const device = network.device(deviceSettings(address, token, context));
  try {
    const { result } = await device.call('miIO.info', [], { signal });
    const { deviceId = '' } = device;
    return { address: device.address, deviceId, ...(isRecord(result) ? result : {}) };
  } finally {
    device.close();
  }
}

function asLine(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
