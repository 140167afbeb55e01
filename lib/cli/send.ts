/** `--sendcmd`: one command, its result on stdout as JSON. */
import { type Context, deviceSettings } from './context';
import { tokenFor } from './discover';
import { DONE, NOTHING_FOUND } from './exit-codes';
import { printableJson } from './printable';

export async function sendCommand(
  { address, method, params }: { address: string; method: string; params: unknown },
  context: Context,
): Promise<number> {
  const { network, settings, signal, terminal } = context;
  const token = await tokenFor(address, context, 'tokenMissing');
  if (token === undefined) return NOTHING_FOUND;
  const device = network.device(deviceSettings(address, token, context));
  try {
    const { result } = await device.call(method, params, { signal });
    terminal.print(printableJson(result, settings.json ? 2 : 0));
    return DONE;
  } finally {
    device.close();
  }
}
