/** Who looks after which module of a device: two would inform, download and report against each other. */
import { MialinkError } from '../../errors';

const claimed = new WeakMap<object, Set<string>>();

/** Returns how to give it back. Throws `otaModuleTaken`; `label` names the device in it. */
export function claimModule(device: object, module: string, label: string): () => void {
  const modules = claimed.get(device) ?? new Set();
  if (modules.has(module)) throw new MialinkError('otaModuleTaken', { device: label, module });
  claimed.set(device, modules.add(module));
  return () => modules.delete(module);
}
