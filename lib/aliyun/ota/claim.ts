/** Who looks after which module of a device: two would inform, download and report against each other. */
import { MialinkError } from '../../errors';

const claimed = new WeakMap<object, Set<string>>();

/**
 * Modules that differ in case only are one here: on a disk that ignores case they would have one file of everything.
 * Returns how to give it back. Throws `otaModuleTaken`; `label` names the device in it.
 */
export function claimModule(device: object, module: string, label: string): () => void {
  const modules = claimed.get(device) ?? new Set();
  const name = module.toLowerCase();
  if (modules.has(name)) throw new MialinkError('otaModuleTaken', { device: label, module });
  claimed.set(device, modules.add(name));
  return () => modules.delete(name);
}
