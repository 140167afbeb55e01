/** `--discover`: who answers hello on the network. */
import { messageOf } from '../errors';
import type { DeviceInfo, FoundDevice } from '../miio';
import { type Context, deviceSettings, show } from './context';
import { DONE, NOTHING_FOUND } from './exit-codes';
import { printable } from './printable';
import { table } from './table';
import { text, UsageError } from './texts';

const SEARCH_MS = 3_000;
const PROGRESS_EVERY_MS = 100;

/** A found device as it is shown: the token only if it was asked for. */
type Described = Omit<FoundDevice, 'token'> & { token?: string; tokenDisclosed: boolean };

export async function discoverDevices(addresses: string, context: Context): Promise<number> {
  const { settings, terminal } = context;
  const found = await withModel(await search(addresses, context), context);
  const devices = found.map((device) => described(device, context));
  if (devices.length > 0 || settings.json) show(devices, context, () => asTable(devices));
  if (devices.length > 0) return DONE;
  terminal.tell(text('nothingFound'));
  return NOTHING_FOUND;
}

/** The device at this address, as soon as it answers; undefined after telling that none did. */
export async function findDevice(address: string, context: Context): Promise<FoundDevice | undefined> {
  const answered = new AbortController();
  const [device] = await search(address, context, answered);
  if (!device) context.terminal.tell(text('nothingFound'));
  return device;
}

/**
 * The token as given, or as the device at this address discloses it to anybody; undefined after telling that none
 * answered. Throws a UsageError, `whenHidden`, where it is hidden.
 */
export async function tokenFor(
  address: string,
  context: Context,
  whenHidden: 'tokenMissing' | 'tokenNotDisclosed',
): Promise<string | undefined> {
  if (context.settings.token !== '') return context.settings.token;
  const device = await findDevice(address, context);
  if (device && device.token === undefined) throw new UsageError(whenHidden, { address });
  return device?.token;
}

export function described({ token, ...device }: FoundDevice, { settings }: Context): Described {
  const tokenDisclosed = token !== undefined;
  return settings.showToken && tokenDisclosed
    ? { ...device, tokenDisclosed, token }
    : { ...device, tokenDisclosed };
}

/**
 * With the model of the one device that the given token is for, if its search has not told it. Where the token does not
 * help, the device has been found nevertheless.
 */
async function withModel(found: FoundDevice[], context: Context): Promise<FoundDevice[]> {
  const { settings, terminal, signal } = context;
  const [device, another] = found;
  if (!device || another || device.model !== undefined || settings.token === '') return found;
  try {
    const { model } = await askInfo(device, context);
    return [{ ...device, model }];
  } catch (error) {
    signal.throwIfAborted();
    terminal.tell(printable(messageOf(error)));
    return found;
  }
}

async function askInfo({ address, port, deviceId }: FoundDevice, context: Context): Promise<DeviceInfo> {
  const { network, settings, signal } = context;
  const { timeoutMs = SEARCH_MS } = settings;
  const device = network.device({
    ...deviceSettings(address, settings.token, context),
    port,
    deviceId,
    timeoutMs,
  });
  try {
    return await device.info({ signal });
  } finally {
    device.close();
  }
}

/** `first` is aborted by the first answer, and ends the search. */
async function search(addresses: string, context: Context, first?: AbortController): Promise<FoundDevice[]> {
  const { network, settings, terminal } = context;
  const timeoutMs = settings.timeoutMs ?? SEARCH_MS;
  const startedAt = performance.now();
  let count = 0;
  const tick = () => {
    const seconds = Math.max(0, (timeoutMs - (performance.now() - startedAt)) / 1_000).toFixed(1);
    terminal.progress(text('searching', { count, seconds }));
  };
  const ticking = setInterval(tick, PROGRESS_EVERY_MS);
  try {
    const found = await network.discover({
      addresses: withPort(addresses, settings.port),
      bindAddress: settings.bindAddress,
      timeoutMs,
      signal: first ? AbortSignal.any([context.signal, first.signal]) : context.signal,
      onFound: () => {
        count++;
        first?.abort();
        tick();
      },
    });
    context.signal.throwIfAborted();
    return found;
  } finally {
    clearInterval(ticking);
    terminal.endProgress();
  }
}

/** `--port` is for every address that has none of its own. */
function withPort(addresses: string, port: number | undefined): string {
  if (port === undefined) return addresses;
  const words = addresses.split(/[\s,;]+/).filter((word) => word !== '');
  return words.map((word) => (word.includes(':') ? word : `${word}:${port}`)).join(' ');
}

function asTable(devices: Described[]): string {
  const heads = [text('address'), text('deviceId'), text('model'), text('token'), text('name')];
  const rows = devices.map(({ address, deviceId, model = '', name = '', token, tokenDisclosed }) => [
    address,
    deviceId,
    model,
    token ?? text(tokenDisclosed ? 'tokenDisclosed' : 'tokenHidden'),
    name,
  ]);
  return table(heads, rows);
}
