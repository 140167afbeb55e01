/** Host names that are searched: a name server that keeps silent holds nobody up. */
import assert from 'node:assert/strict';
import { type DiscoveryOptions, discover } from '../../../lib/miio/discovery';
import { because } from './conversation';
import { Puppet } from './puppet';

describe('a miIO search by host names', () => {
  const never = new Promise<never>(() => undefined);
  const resolve = (name: string) => (name === 'lost.lan' ? never : Promise.resolve('127.0.0.1'));
  const search = (options: Omit<DiscoveryOptions, 'resolve'>) => discover({ ...options, resolve });

  it('waits no longer for an address than it listens, then says which is missing', async () => {
    const unresolved = because('addressUnknown', /host name lost\.lan cannot be resolved/);
    await assert.rejects(search({ addresses: 'lost.lan', timeoutMs: 50 }), unresolved);
  });

  it('ends when it is aborted meanwhile, and has found nobody', async () => {
    const signal = AbortSignal.timeout(50);
    assert.deepEqual(await search({ addresses: 'lost.lan', timeoutMs: 60_000, signal }), []);
  });

  it('asks the others all the same', async () => {
    const puppet = await Puppet.open();
    const addresses = `lost.lan lamp.lan:${puppet.port}`;
    const [{ deviceId } = { deviceId: '' }] = await search({ addresses, timeoutMs: 100 });
    assert.equal(deviceId, '4711');
    await puppet.close();
  });
});
