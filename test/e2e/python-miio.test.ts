/** An implementation that shares nothing with ours, Debian's python3-miio, speaks to the simulated home. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { Home, lamp, purifier, type SimulatedDevice } from '../simulators/home';

const INSTALL = 'install python3-miio (apt-get install python3-miio)';

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

  // python-miio knows no other port than 54321: the devices sit on addresses of their own.
  before(async function () {
    this.timeout(60_000);
    home = await Home.start([
      lamp({ address: '127.54.4.1', helloToken: 'disclosed' }),
      purifier({ address: '127.54.4.2' }),
    ]);
    light = home.device('100000001');
    cleaner = home.device('200000002');
    found = await python(light.address, light.token, cleaner.address, cleaner.token);
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

  it('has had nothing repeated: every packet was understood at once', () => {
    assert.equal(new Set(light.received.map(({ id }) => id)).size, light.received.length);
    assert.equal(light.received.length, 5);
    assert.equal(cleaner.received.length, 3);
  });
});
