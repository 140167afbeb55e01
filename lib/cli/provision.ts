/** `--provision`: brings a device in set-up mode into a Wi-Fi, after the person has agreed. */
import { provision } from '../miio/provisioning';
import { type Context, deviceSettings, show } from './context';
import { tokenFor } from './discover';
import { CODES, DONE, NOTHING_FOUND } from './exit-codes';
import { saysYes } from './terminal';
import { text } from './texts';

export async function provisionDevice(
  { address, ssid }: { address: string; ssid: string },
  context: Context,
): Promise<number> {
  const { settings, signal, terminal } = context;
  // In set-up mode a device tells it to anybody.
  const token = await tokenFor(address, context, 'tokenNotDisclosed');
  if (token === undefined) return NOTHING_FOUND;
  terminal.tell(text('provisionWarning', { ssid }));
  if (!settings.yes && !saysYes(await terminal.ask(text('askProvision'), '--yes', signal))) {
    terminal.tell(text('notProvisioned'));
    return CODES.CANCELLED;
  }
  const wifi = { ssid, password: await wifiPassword(context) };
  await sendSettings(address, token, wifi, context);
  return DONE;
}

async function sendSettings(
  address: string,
  token: string,
  wifi: { ssid: string; password: string },
  context: Context,
): Promise<void> {
  const { network, signal } = context;
  const device = network.device(deviceSettings(address, token, context));
  try {
    const outcome = await provision(device, wifi, { signal });
    const { deviceId = '' } = device;
    const told = outcome === 'accepted' ? 'provisionAccepted' : 'provisionUnanswered';
    show({ outcome, deviceId }, context, () => text(told, { deviceId }));
  } finally {
    device.close();
  }
}

/** Blank in the environment: an open network. */
function wifiPassword({ env, signal, terminal }: Context): Promise<string> {
  const { MIIO_WIFI_PASSWORD } = env;
  if (MIIO_WIFI_PASSWORD !== undefined) return Promise.resolve(MIIO_WIFI_PASSWORD);
  return terminal.askSecret(text('askWifiPassword'), 'MIIO_WIFI_PASSWORD', signal);
}
