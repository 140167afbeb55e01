/** `--info`: what hello tells of a device and, where its token is given or disclosed, what it tells of itself. */
import { isRecord } from '../untrusted';
import { type Context, deviceSettings, show } from './context';
import { described, findDevice } from './discover';
import { DONE, NOTHING_FOUND } from './exit-codes';
import { list } from './table';

export async function showInfo(address: string, context: Context): Promise<number> {
  const { token } = context.settings;
  // Before the hello: a command tells best why a device keeps silent.
  const told = token === '' ? {} : await ask(address, token, context);
  const found = await findDevice(address, context);
  if (!found) return NOTHING_FOUND;
  const disclosed = token === '' && found.token !== undefined ? await ask(address, found.token, context) : {};
  const info = { ...described(found, context), ...told, ...disclosed };
  // The words of the protocol: nobody translates `fw_ver`.
  show(info, context, () => list(Object.entries(info).map(([name, value]) => [name, asLine(value)])));
  return DONE;
}

async function ask(address: string, token: string, context: Context): Promise<object> {
  const { network, signal } = context;
  const device = network.device(deviceSettings(address, token, context));
  try {
    const { result } = await device.call('miIO.info', [], { signal });
    return isRecord(result) ? result : {};
  } finally {
    device.close();
  }
}

function asLine(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
