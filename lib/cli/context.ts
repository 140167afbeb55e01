/** What every task of the program is given. */
import type { DeviceSettings, Network } from '../miio';
import type { Settings } from './arguments';
import { printableJson } from './printable';
import type { Terminal } from './terminal';

export interface Context {
  settings: Settings;
  terminal: Terminal;
  env: NodeJS.Dict<string>;
  network: Network;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

export function deviceSettings(address: string, token: string, { settings }: Context): DeviceSettings {
  const { port, timeoutMs, retries, bindAddress } = settings;
  return { address, port, token, timeoutMs, retries, bindAddress };
}

/** Machines get JSON, a person gets what `forPerson` says. */
export function show(result: unknown, { settings, terminal }: Context, forPerson: () => string): void {
  terminal.print(settings.json ? printableJson(result, 2) : forPerson());
}
