/** A name server that keeps silent: it is asked once at a time, and blamed. */
import assert from 'node:assert/strict';
import { type Deferred, deferred } from '../../../lib/wait';
import { because, Client } from './conversation';
import { Puppet } from './puppet';

describe('a miIO session with a host name that is not resolved', () => {
  let puppet: Puppet;
  let client: Client;
  let lookups: Deferred<string>[];

  beforeEach(async () => {
    puppet = await Puppet.open();
    lookups = [];
    const resolve = () => {
      const lookup = deferred<string>();
      lookups.push(lookup);
      return lookup.promise;
    };
    client = new Client({ address: 'lamp.lan', port: puppet.port, token: Puppet.token }, { resolve });
  });

  afterEach(async () => {
    await client.close();
    await puppet.close();
  });

  const brief = { timeoutMs: 700 };

  it('asks once, however many hellos and commands wait for the answer, and says what is missing', async () => {
    const unresolved = because('addressUnknown', /host name lamp\.lan cannot be resolved \(no answer\)/);
    for (const _ of [1, 2]) await assert.rejects(client.call('echo', [], brief), unresolved);
    assert.equal(lookups.length, 1);
    assert.equal(client.session.state, 'disconnected');
  });

  it('says hello for whoever waits when the answer comes late', async () => {
    await assert.rejects(client.call('echo', [], brief), because('addressUnknown'));
    const late = client.call('echo');
    lookups[0]?.resolve(puppet.address);
    await late;
    assert.equal(lookups.length, 1);
    assert.equal(puppet.hellos, 1);
  });

  it('says nothing to anybody when nobody waits any more', async () => {
    await assert.rejects(client.call('echo', [], brief), because('addressUnknown'));
    lookups[0]?.resolve(puppet.address);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(puppet.hellos, 0);
  });

  it('asks again when the name server has failed', async () => {
    const command = client.call('echo');
    lookups[0]?.reject(new Error('no such name'));
    while (lookups.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    lookups[1]?.resolve(puppet.address);
    await command;
  });
});
