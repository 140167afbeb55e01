/** What the names and records of mDNS tell of a device, and what a liar achieves with them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DnsRecord, readAnnouncements, readName } from '../../../lib/miio/mdns-records';

const lampName = 'yeelink-light-color1_miio12345678';
const lampAtHome = { name: lampName, model: 'yeelink.light.color1', deviceId: '12345678' };

/** The records with which a device answers. */
function recordsOf(name: string, address: string, port = 54_321): DnsRecord[] {
  return [
    { name: '_miio._udp.local', type: 'PTR', data: `${name}._miio._udp.local` },
    { name: `${name}._miio._udp.local`, type: 'SRV', data: { target: `${name}.local`, port } },
    { name: `${name}.local`, type: 'A', data: address },
  ];
}

describe('the name of a miIO device', () => {
  it('is its model and its id', () => {
    assert.deepEqual(readName(lampName), lampAtHome);
  });

  it('is divided at the last _miio, since a model may have _ in it', () => {
    assert.deepEqual(readName('aupu-bhf_light-s368m_miio77'), {
      name: 'aupu-bhf_light-s368m_miio77',
      model: 'aupu.bhf_light.s368m',
      deviceId: '77',
    });
    assert.equal(readName('a-b-c_miio1_miio2')?.model, 'a.b.c_miio1');
  });

  it('is rockrobo for the first vacuum, which tells no id', () => {
    assert.deepEqual(readName('rockrobo'), { name: 'rockrobo', model: 'rockrobo.vacuum.v1' });
    assert.equal(readName('rockrobo-vacuum-v1_miio5')?.deviceId, '5');
  });

  it('tells nothing more where it has another form', () => {
    for (const name of ['lamp', 'my-desk-lamp', 'lamp_miio', 'zhimi-airpurifier-m1_miap1a2b']) {
      assert.deepEqual(readName(name), { name });
    }
    assert.deepEqual(readName('lamp_miio12'), { name: 'lamp_miio12', deviceId: '12' }, 'no model');
    for (const did of ['0', '18446744073709551616', '123456789012345678901']) {
      assert.equal(readName(`a-b-c_miio${did}`)?.deviceId, undefined, did);
    }
  });

  it('writes an id as hello does, without zeros in front', () => {
    assert.equal(readName('a-b-c_miio0012')?.deviceId, '12');
  });

  it('is none when it is too long or has characters that no host name has', () => {
    for (const name of ['', 'a b', 'läm-pe-1_miio1', '<b>_miio1', 'a\u0000b', 'x'.repeat(64)]) {
      assert.equal(readName(name), undefined, name);
    }
  });

  it('made of any model and id is read back', () => {
    const part = fc.stringMatching(/^[a-z0-9_]{1,8}$/);
    const ids = fc.bigInt(1n, 2n ** 64n - 1n);
    fc.assert(
      fc.property(fc.tuple(part, part, part), ids, (parts, did) => {
        const name = `${parts.join('-')}_miio${did}`;
        assert.deepEqual(readName(name), { name, model: parts.join('.'), deviceId: `${did}` });
      }),
    );
  });

  it('never throws, whatever it is', () => {
    const pieces = fc.constantFrom('rockrobo', '_miio', '-', '.', '12', 'a', '_', '__proto__', '\n');
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = readName(text);
        if (read?.model !== undefined) assert.match(read.model, /^[\w.]+$/);
        if (read?.deviceId !== undefined) assert.match(read.deviceId, /^[1-9]\d{0,19}$/);
      }),
    );
  });
});

describe('the records of miIO devices', () => {
  it('tell name, address and port', () => {
    const records = recordsOf(lampName, '192.168.1.5', 1_234);
    assert.deepEqual(readAnnouncements(records, '192.168.1.9'), [
      { ...lampAtHome, address: '192.168.1.5', port: 1_234 },
    ]);
  });

  it('tell the port of the protocol where theirs is none', () => {
    for (const port of [0, 65_536, -1, 1.5, Number.NaN]) {
      assert.equal(readAnnouncements(recordsOf(lampName, '10.0.0.1', port), '10.0.0.9')[0]?.port, 54_321);
    }
  });

  it('may be of several devices, in any order, in any case', () => {
    const [first, second] = [recordsOf(lampName, '10.0.0.1'), recordsOf('a-b-c_miio2', '10.0.0.2')];
    const shouted = second.map((record) => ({ ...record, name: record.name.toUpperCase() }));
    const found = readAnnouncements([...shouted, ...first].reverse(), '10.0.0.9');
    assert.deepEqual(found.map(({ name, address }) => `${name} ${address}`).sort(), [
      'a-b-c_miio2 10.0.0.2',
      `${lampName} 10.0.0.1`,
    ]);
  });

  it('tell of a device at the address of the sender, where they tell no other', () => {
    const [pointer, service] = recordsOf(lampName, '10.0.0.1');
    assert.ok(pointer && service);
    const atSender = [{ ...lampAtHome, address: '10.0.0.9', port: 54_321 }];
    assert.deepEqual(readAnnouncements([pointer], '10.0.0.9'), atSender);
    assert.deepEqual(readAnnouncements([pointer, service], '10.0.0.9'), atSender);
    assert.deepEqual(readAnnouncements([service], '10.0.0.9'), atSender, 'of its own accord');
  });

  it('of another service are nothing to us', () => {
    const printer = recordsOf(lampName, '10.0.0.1').map(({ data, ...record }) => ({
      ...record,
      name: record.name.replace('_miio._udp', '_ipp._tcp'),
      data: typeof data === 'string' ? data.replace('_miio._udp', '_ipp._tcp') : data,
    }));
    assert.deepEqual(readAnnouncements(printer, '10.0.0.9'), []);
    const disguised = [{ name: '_miio._udp.local', type: 'PTR', data: 'a-b-c_miio1._ipp._tcp.local' }];
    assert.deepEqual(readAnnouncements(disguised, '10.0.0.9'), []);
  });

  it('send no hello to many: the address must be of one host', () => {
    for (const address of ['255.255.255.255', '224.0.0.251', '0.0.0.0', '10.0.0', 'fe80::1', 7, null]) {
      const records = recordsOf(lampName, String(address));
      const [pointer, service] = records;
      assert.ok(pointer && service);
      const named = { name: `${lampName}.local`, type: 'A', data: address };
      const found = readAnnouncements([pointer, service, named], '10.0.0.9');
      assert.deepEqual(
        found.filter((one) => one.address !== '10.0.0.9'),
        [],
        String(address),
      );
    }
  });

  it('are read up to a limit', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => recordsOf(`a-b-c_miio${index + 1}`, '10.0.0.1'));
    const found = readAnnouncements(many.flat(), '10.0.0.9');
    assert.ok(found.length > 50 && found.length <= 256, `${found.length}`);
  });

  it('never throw, and tell only of real addresses and ports, whatever they are', () => {
    const names = fc.constantFrom(
      '_miio._udp.local',
      `${lampName}._miio._udp.local`,
      `${lampName}.local`,
      '._miio._udp.local',
      '__proto__',
    );
    const targets = fc.record({ target: fc.oneof(names, fc.anything()), port: fc.anything() });
    const data = fc.oneof(names, targets, fc.string(), fc.ipV4(), fc.anything());
    const records = fc.array(
      fc.record({ name: names, type: fc.constantFrom('PTR', 'SRV', 'A', 'TXT'), data }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(records, (read) => {
        for (const { address, port } of readAnnouncements(read, '10.0.0.9')) {
          assert.match(address, /^\d+\.\d+\.\d+\.\d+$/);
          assert.ok(port >= 1 && port <= 65_535);
        }
      }),
    );
  });
});
