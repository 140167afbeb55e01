/** The text that says where discovery looks, and the broadcast addresses of a machine. */
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import fc from 'fast-check';
import { MialinkError } from '../../../lib/errors';
import { broadcastTargets, parseTargets } from '../../../lib/miio/targets';
import { because } from './conversation';

const addresses = (text: string) => parseTargets(text).map(({ address }) => address);

describe('the targets of a search', () => {
  it('are addresses and host names, separated by commas, blanks or line ends', () => {
    assert.deepEqual(addresses('192.168.1.5, lamp.local;10.0.0.1\n\trouter  192.168.1.255 ,'), [
      '192.168.1.5',
      'lamp.local',
      '10.0.0.1',
      'router',
      '192.168.1.255',
    ]);
    assert.deepEqual(parseTargets(' ,\n; '), []);
  });

  it('have the port of the protocol, or their own', () => {
    assert.deepEqual(parseTargets('10.0.0.1 lamp:1234 10.0.0.0/31:99', '10.0.0.9'), [
      { address: '10.0.0.1', port: 54_321, from: '10.0.0.9' },
      { address: 'lamp', port: 1_234, from: '10.0.0.9' },
      { address: '10.0.0.0', port: 99, from: '10.0.0.9', broadcast: false },
      { address: '10.0.0.1', port: 99, from: '10.0.0.9', broadcast: false },
    ]);
  });

  it('are asked once each, however often they are named', () => {
    assert.deepEqual(addresses('10.0.0.1 10.0.0.1:54321 10.0.0.0/30'), ['10.0.0.1', '10.0.0.2']);
    assert.equal(parseTargets('10.0.0.1 10.0.0.1:1').length, 2);
  });

  it('of a network are its hosts, without network and broadcast address', () => {
    const hosts = addresses('192.168.1.77/24');
    assert.equal(hosts.length, 254);
    assert.deepEqual([hosts[0], hosts.at(-1)], ['192.168.1.1', '192.168.1.254']);
    assert.deepEqual(addresses('10.1.2.3/30'), ['10.1.2.1', '10.1.2.2']);
    assert.deepEqual(addresses('10.1.2.3/31'), ['10.1.2.2', '10.1.2.3']);
    assert.deepEqual(addresses('10.1.2.3/32'), ['10.1.2.3']);
    const largest = addresses('172.16.15.255/20');
    assert.equal(largest.length, 4_094);
    assert.deepEqual([largest[0], largest.at(-1)], ['172.16.0.1', '172.16.15.254']);
    assert.deepEqual(addresses('255.255.255.255/30'), ['255.255.255.253', '255.255.255.254']);
  });

  it('of a network are asked alone, also those whose address ends like a broadcast', () => {
    const hosts = parseTargets('10.0.0.0/22');
    assert.ok(hosts.some(({ address }) => address === '10.0.1.255'));
    assert.ok(hosts.every(({ broadcast }) => broadcast === false));
  });

  it('are at most 4096 addresses of one network', () => {
    for (const large of ['10.0.0.0/19', '10.0.0.0/8', '0.0.0.0/0']) {
      assert.throws(() => parseTargets(large), because('targetTooLarge', /more than 4096/));
    }
  });

  const mistakes = [
    '10.0.0',
    '10.0.0.256',
    '10.0.0.1.2',
    '1234',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.1:123456',
    '10.0.0.1:',
    'lamp:port',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0/24',
    'lamp/24',
    '-lamp',
    'la mp!',
    'http://lamp',
    '::1',
    'fe80::1/64',
    'a'.repeat(64),
    `${'a.'.repeat(127)}ab`,
  ];
  for (const text of mistakes) {
    it(`are refused by name when mistyped: ${text.slice(0, 20)}`, () => {
      assert.throws(
        () => parseTargets(`10.0.0.9 ${text}`),
        because('targetInvalid', /^the address .+ is not/),
      );
    });
  }

  it('are read from any text, or refused with a CONFIG error', () => {
    const pieces = fc.constantFrom(
      '10.0.0.1',
      '/20',
      '/24',
      '/33',
      ':',
      '54321',
      ',',
      ' ',
      'lamp',
      '.',
      '-',
      '/',
    );
    const texts = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          for (const { address, port } of parseTargets(text)) {
            assert.ok(address !== '' && port >= 1 && port <= 65_535);
          }
        } catch (error) {
          assert.ok(error instanceof MialinkError && error.code === 'CONFIG', String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

function entry(cidr: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo {
  const address = cidr.split('/')[0] ?? '';
  const common = { address, netmask: '', mac: '', internal: false, cidr };
  return { ...common, family: 'IPv4', ...more } as NetworkInterfaceInfo;
}

describe('the broadcast targets of this machine', () => {
  it('are one for each IPv4 address of each interface, sent from that address', () => {
    const targets = broadcastTargets({
      eth0: [entry('192.168.1.5/24'), entry('10.9.8.7/20')],
      wlan0: [entry('172.16.3.4/30')],
    });
    assert.deepEqual(targets, [
      { address: '192.168.1.255', port: 54_321, from: '192.168.1.5', broadcast: true },
      { address: '10.9.15.255', port: 54_321, from: '10.9.8.7', broadcast: true },
      { address: '172.16.3.7', port: 54_321, from: '172.16.3.4', broadcast: true },
    ]);
  });

  it('leave out loopback, IPv6, point to point, and what has no network', () => {
    const targets = broadcastTargets({
      lo: [entry('127.0.0.1/8', { internal: true })],
      eth0: [entry('fe80::1/64', { family: 'IPv6', scopeid: 2 })],
      tun0: [entry('10.8.0.2/32'), entry('10.8.0.4/31')],
      odd: [entry('10.1.1.1', { cidr: null })],
      gone: undefined,
    });
    assert.deepEqual(targets, []);
  });
});
