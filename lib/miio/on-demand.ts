/**
 * What most programs never call, with a web server and readers of archives and databases behind it: loaded by the first
 * call, since it would take everybody a fifth longer to load.
 */
import type { Upgradable, UpgradeOptions, UpgradeResult } from './ota';
import type { ExtractOptions, TokenRecord, TokenSource } from './tokens';

/** Upgrades the firmware of a device from a local file. Options, result and errors: see `ota/upgrade`. */
export async function upgradeFirmware(
  device: Upgradable,
  path: string,
  options?: UpgradeOptions,
): Promise<UpgradeResult> {
  const ota = await import('./ota');
  return ota.upgradeFirmware(device, path, options);
}

/** The devices with their tokens in a file or folder of Xiaomi's apps, at least one. Errors: see `tokens/extract`. */
export async function extractTokens(source: TokenSource, options?: ExtractOptions): Promise<TokenRecord[]> {
  const tokens = await import('./tokens');
  return tokens.extractTokens(source, options);
}
