/** Which addresses are in a network of this machine. */
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { isNear } from '../../../lib/miio/subnet';

const card = (cidr: string | null): NetworkInterfaceInfo => ({
  address: '192.168.1.5',
  cidr,
  netmask: '',
  mac: '',
  internal: false,
  family: 'IPv4',
});
const v6: NetworkInterfaceInfo = { ...card('fe80::1/64'), family: 'IPv6', scopeid: 1 };

describe('an address', () => {
  it('is near in any network of any interface', () => {
    const interfaces = { lo: [card('127.0.0.1/8')], eth0: [v6, card('192.168.1.5/24'), card('10.1.2.3/16')] };
    for (const address of ['192.168.1.77', '10.1.200.1', '127.3.4.5']) assert.ok(isNear(address, interfaces));
    for (const address of ['192.168.2.77', '10.2.0.1', '8.8.8.8']) assert.ok(!isNear(address, interfaces));
  });

  it('is near where the networks are not known', () => {
    assert.ok(isNear('192.168.2.77', {}));
    assert.ok(isNear('192.168.2.77', { eth0: undefined, wlan0: [v6, card(null)] }));
  });
});
