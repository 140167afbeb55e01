/** `--sendcmd`: one command, its result on stdout as JSON. */
import { type Context, deviceSettings } from './context';
import { DONE } from './exit-codes';
import { printableJson } from './printable';

export async function sendCommand(
  { address, method, params }: { address: string; method: string; params: unknown },
  context: Context,
): Promise<number> {
  const { network, settings, signal, terminal } = context;
  const device = network.device(deviceSettings(address, context));
  try {
    const { result } = await device.call(method, params, { signal });
    terminal.print(printableJson(result, settings.json ? 2 : 0));
    return DONE;
  } finally {
    device.close();
  }
}
