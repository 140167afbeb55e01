import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isDestructive } from '../../../lib/miio/destructive';

const DESTRUCTIVE = ['restore', 'ota', 'ota_install', 'config_router', 'config_router_safe', 'reboot'];

describe('isDestructive', () => {
  it('knows what resets, flashes, moves or restarts a device', () => {
    for (const method of DESTRUCTIVE) assert.ok(isDestructive(`miIO.${method}`), method);
  });

  it('is not deceived by a missing prefix, another case or blanks', () => {
    const methods = DESTRUCTIVE.flatMap((name) => [name, `miIO.${name}`]);
    const anyCase = fc.mixedCase(fc.constantFrom(...methods));
    fc.assert(fc.property(anyCase, (method) => isDestructive(` ${method}\n`)));
  });

  it('lets everything else pass', () => {
    for (const method of [
      '',
      'miIO.',
      'miIO.info',
      'miIO.get_ota_state',
      'set_power',
      'otay',
      'xmiIO.ota',
      '__proto__',
    ]) {
      assert.equal(isDestructive(method), false, method);
    }
  });
});
