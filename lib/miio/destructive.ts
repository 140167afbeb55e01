/**
 * Commands after which a device may be gone (pure): reset, flashed, on another Wi-Fi, or away for a while.
 *
 * Source: the behaviour of Xiaomi's firmware as python-miio and Xiaomi's device SDK name it (miIO.restore, miIO.ota,
 * miIO.config_router, miIO.reboot and their newer forms).
 */
const DESTRUCTIVE = new Set([
  'restore',
  'ota',
  'ota_install',
  'config_router',
  'config_router_safe',
  'reboot',
]);

/** Whether a method is one of them, with or without its prefix `miIO.`, in any case. */
export function isDestructive(method: string): boolean {
  const name = method.trim().toLowerCase();
  return DESTRUCTIVE.has(name.startsWith('miio.') ? name.slice('miio.'.length) : name);
}
