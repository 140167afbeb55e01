/** An implementation that shares nothing with ours, Debian's python3-miio, speaks to the simulated home. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { Home, hiddenPlug, lamp, purifier, type SimulatedDevice } from '../simulators/home';

const INSTALL = 'install python3-miio (apt-get install python3-miio)';

/** All that python-miio asks a purifier for. */
const FULL = {
  ...{
    '2.2': true,
    '2.4': 2,
    '2.5': 1,
    '3.6': 12,
    '3.7': 45,
    '3.8': 22.5,
    '4.3': 87,
    '4.5': 300,
    '5.1': false,
  },
  ...{ '5.2': 0, '6.1': 1, '6.6': true, '7.1': false, '10.7': 900, '10.8': 350, '10.10': 5, '12.1': 7200 },
  ...{ '13.1': 500, '13.2': 9, '14.1': '0:0:0:0', '14.3': '0:0:31:31', '15.1': 0 },
};

/** What python-miio found out; rejects with its last words. */
function python(...args: string[]): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const script = path.join(__dirname, 'python-miio.py');
    execFile('/usr/bin/python3', [script, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      if (!error) resolve(JSON.parse(stdout));
      else if (error.code === 'ENOENT' || stderr.includes(INSTALL)) reject(new Error(INSTALL));
      else reject(new Error(`python-miio failed:\n${stderr || error.message}`));
    });
  });
}

describe('python-miio', () => {
  let home: Home;
  let found: Record<string, unknown>;
  let light: SimulatedDevice;
  let cleaner: SimulatedDevice;
  let fullCleaner: SimulatedDevice;

  // python-miio knows no other port than 54321: the devices sit on addresses of their own.
  before(async function () {
    this.timeout(60_000);
    home = await Home.start([
      lamp({ address: '127.54.4.1', helloToken: 'disclosed' }),
      purifier({ address: '127.54.4.2' }),
      purifier({ address: '127.54.4.3', did: '200000003', miot: FULL, accepts: {} }),
      hiddenPlug({ address: '127.54.4.4' }),
    ]);
    light = home.device('100000001');
    cleaner = home.device('200000002');
    fullCleaner = home.device('200000003');
    found = await python(...home.devices.flatMap(({ address, token }) => [address, token]));
  });

  after(() => home.close());

  it('discovers the devices: their ids, and the token of the one that discloses it', () => {
    assert.deepEqual(found.hello, {
      lamp: { deviceId: 100_000_001, tokenField: light.token },
      purifier: { deviceId: 200_000_002, tokenField: 'ff'.repeat(16) },
    });
  });

  it('reads what the device says of itself', () => {
    assert.deepEqual(found.info, {
      model: 'yeelink.light.lamp1',
      firmware: '1.0.0',
      mac: '28:6C:07:F5:E1:01',
    });
  });

  it('reads and writes classic properties', () => {
    assert.deepEqual(found.before, ['off', 80]);
    assert.deepEqual(found.on, ['ok']);
    assert.deepEqual(found.after, ['on', 80]);
    assert.equal(light.get('power'), 'on');
  });

  it('is told when a method does not exist', () => {
    assert.match(String(found.refused), /-32601/);
  });

  it('reads and writes MIoT properties', () => {
    assert.deepEqual(found.properties, [
      { did: 'power', siid: 2, piid: 1, code: 0, value: true },
      { did: 'humidity', siid: 3, piid: 1, code: 0, value: 45 },
    ]);
    assert.deepEqual(found.switched, [{ did: 'power', siid: 2, piid: 1, code: 0 }]);
    assert.equal(cleaner.get('2.1'), false);
    assert.deepEqual(found.readOnly, [{ did: 'humidity', siid: 3, piid: 1, code: -4002 }]);
  });

  it('runs miiocli: all that it asks a purifier, in portions, and a raw command', () => {
    assert.ok(Array.isArray(found.status));
    for (const line of [
      'Power: on',
      'Humidity: 45 %',
      'Mode: OperationMode.Silent',
      'Filter RFID tag: 0:0:0:0',
    ]) {
      assert.ok(found.status.includes(line), line);
    }
    assert.deepEqual(fullCleaner.received, [
      { id: 1, method: 'get_properties' },
      { id: 2, method: 'get_properties' },
    ]);
    assert.deepEqual(found.raw, ['Running command raw_command', "['on']"]);
  });

  it('has had nothing repeated: every packet was understood at once', () => {
    assert.equal(new Set(light.received.map(({ id }) => id)).size, light.received.length);
    assert.equal(light.received.length, 5);
    assert.equal(cleaner.received.length, 3);
  });
});
