/** Much that ends with one signal of its caller: no leak, so that Node warns of none. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MialinkError } from '../../../lib/errors';
import { Network } from '../../../lib/miio';
import { discover } from '../../../lib/miio/discovery';
import { upgradeFirmware } from '../../../lib/miio/ota';
import { useDirectory } from './ota/files';
import { Puppet as UpdatedPuppet } from './ota/puppet';
import { Puppet } from './puppet';

const MANY = 30;

describe('one signal for many', () => {
  const directory = useDirectory();
  let giveUp: AbortController;
  let warnings: Error[];
  const listen = (warning: Error) => warnings.push(warning);

  beforeEach(() => {
    giveUp = new AbortController();
    warnings = [];
    process.on('warning', listen);
  });
  afterEach(() => {
    process.off('warning', listen);
  });

  /** Each has begun to wait for the signal; then it is aborted, and nobody has been warned. */
  const endAll = async (running: Promise<unknown>[]) => {
    const outcomes = Promise.allSettled(running);
    await nextTurn();
    giveUp.abort();
    const ended = await outcomes;
    await nextTurn();
    assert.deepEqual(warnings, []);
    return ended.map((one) => (one.status === 'rejected' ? one.reason : one.value));
  };

  const many = <Outcome>(begin: () => Promise<Outcome>) => Array.from({ length: MANY }, begin);
  const areAborted = (ended: unknown[]) =>
    ended.every((error) => error instanceof MialinkError && error.reason === 'aborted');

  it('is borne by calls', async () => {
    const puppet = await Puppet.open();
    const network = new Network();
    const { address, port } = puppet;
    const device = network.device({ address, port, token: Puppet.token });
    const { signal } = giveUp;
    try {
      assert.ok(areAborted(await endAll(many(() => device.call('work', [], { signal })))));
    } finally {
      await network.close();
      await puppet.close();
    }
  });

  it('is borne by searches', async () => {
    const { signal } = giveUp;
    const options = { addresses: '127.0.0.1:9', signal, resolve: async (address: string) => address };
    assert.deepEqual(await endAll(many(() => discover(options))), Array(MANY).fill([]));
  });

  it('is borne by upgrades', async () => {
    const path = await directory.write();
    const { signal } = giveUp;
    assert.ok(areAborted(await endAll(many(() => upgradeFirmware(new UpdatedPuppet(), path, { signal })))));
  });
});
