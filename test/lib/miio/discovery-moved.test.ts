/** A device that DHCP moves: whoever commands it by its id reaches it at the new address. */
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { Network } from '../../../lib/miio';
import { Home, lamp, purifier } from '../../simulators/home';

const card: NetworkInterfaceInfo = {
  address: '127.54.13.1',
  cidr: '127.54.13.1/24',
  netmask: '255.255.255.0',
  family: 'IPv4',
  mac: '',
  internal: false,
};
const broadcast = { address: '127.54.13.255', port: 54_321 };
const lampAt = (address: string) => lamp({ address, methods: { echo: (params) => params } });

describe('a miIO device that is given another address', () => {
  let home: Home;
  let network: Network;

  beforeEach(async () => {
    home = await Home.start([lampAt('127.54.13.11')], { broadcast });
    network = new Network({ interfaces: () => ({ lo: [card] }) });
  });

  afterEach(async () => {
    await network.close();
    await home.close();
  });

  it('is commanded there by the next command, even if another has taken its place', async () => {
    const { did, token } = home.device('100000001');
    const device = network.device({ address: '127.54.13.11', token, deviceId: did, timeoutMs: 8_000 });
    await device.call('echo', ['before']);
    assert.equal(device.address, '127.54.13.11');
    await home.close();

    home = await Home.start([lampAt('127.54.13.12'), purifier({ address: '127.54.13.11' })], { broadcast });
    assert.deepEqual((await device.call('echo', ['after'])).result, ['after']);
    assert.equal(device.address, '127.54.13.12');
    assert.deepEqual(
      home.device('200000002').received.map(({ method }) => method),
      [],
      'no command went to the other device',
    );
  });
});
