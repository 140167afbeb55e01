/** The firmware upgrade of a simulated device: what it asks of the server and of the client, and each way it fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { lamp, type OtaFault, type OtaOptions, SimulatedDevice } from '../../simulators/home';
import { isRecord } from '../../simulators/home/wire';
import { FirmwareServer, type ServerFault } from './home-firmware-server';
import { Probe } from './home-probe';

const IMAGE = Buffer.alloc(100_000, 'a firmware ');
const INVALID = { code: -32602, message: 'Invalid param.' };
const BUSY = { code: -30012, message: 'busy.' };

describe('a firmware upgrade of a simulated device', () => {
  let device: SimulatedDevice;
  let server: FirmwareServer;
  let probe: Probe;
  let states: string[];

  const start = async (ota: OtaOptions = {}): Promise<void> => {
    // An address of its own, so that the server can tell who asks.
    const place = { port: 0, address: '127.0.0.7' };
    device = new SimulatedDevice(lamp({ ...place, stamp: 0, firmware: '1.2.3', ota }));
    await device.start();
    states = [];
    device.on('ota', (state) => states.push(state));
  };
  const ask = (method: string, params: unknown = []) => probe.ask(device, method, params);
  const state = () => ask('miIO.get_ota_state');
  const progress = () => ask('miIO.get_ota_progress');
  const version = async (): Promise<unknown> => {
    const info = await ask('miIO.info');
    return isRecord(info) ? info.fw_ver : undefined;
  };
  const enters = async (wanted: string): Promise<void> => {
    while (!states.includes(wanted)) await once(device, 'ota');
  };

  beforeEach(async () => {
    server = await FirmwareServer.start(IMAGE);
    probe = await Probe.open();
    // A restart sets the device's clock to this.
    probe.stamp = 0;
  });

  afterEach(async () => {
    await probe.close();
    await device.stop();
    await server.close();
  });

  it('goes through its states and restarts with the new version', async () => {
    await start();
    assert.deepEqual([await state(), await progress(), await version()], [['idle'], [101], '1.2.3']);
    const restarted = once(device, 'started');
    assert.deepEqual(await ask('miIO.ota', server.order), ['ok']);
    await restarted;
    assert.deepEqual(states, ['downloading', 'downloaded', 'installing']);
    assert.deepEqual([await state(), await progress(), await version()], [['idle'], [101], '2.0.0']);
    assert.deepEqual(server.requests, [{ range: 'whole', from: '127.0.0.7' }]);
  });

  it('fetches in pieces with Range, and finds the version in the image', async () => {
    const firmwareOf = (image: Buffer) => `${image.length}-${image.toString('latin1', 0, 10)}`;
    await start({ pieceBytes: 40_000, firmwareOf });
    const restarted = once(device, 'started');
    await ask('miIO.ota', server.order);
    await restarted;
    assert.equal(await version(), '100000-a firmware');
    const ranges = ['bytes=0-39999', 'bytes=40000-79999', 'bytes=80000-119999'];
    assert.deepEqual(
      server.requests.map(({ range }) => range),
      ranges,
    );
  });

  it('tells state and progress as it goes on, in other words when told so', async () => {
    await start({ stepMs: 100, stateNames: { downloaded: 'dowloaded', installing: 'flashing' } });
    server.fault = 'never';
    await ask('miIO.ota', server.order);
    assert.deepEqual([await state(), await progress()], [['downloading'], [0]]);
    await device.stop();
    await device.start();
    server.fault = null;
    await ask('miIO.ota', server.order);
    await enters('downloaded');
    assert.deepEqual([await state(), await progress()], [['dowloaded'], [100]]);
    await enters('installing');
    assert.deepEqual([await state(), await progress()], [['flashing'], [100]]);
  });

  describe('refuses', () => {
    for (const [what, change] of [
      ['another mode', { mode: 'fast' }],
      ['install as a number', { install: 1 }],
      ['another proc', { proc: 'install' }],
      ['an address of another kind', { app_url: 'ftp://127.0.0.1/x' }],
      ['an address without host', { app_url: 'http://' }],
      ['a digest of another length', { file_md5: 'abc' }],
      ['a field too much', { size: 1 }],
      ['a field too few', { proc: undefined }],
    ] as const) {
      it(what, async () => {
        await start();
        assert.deepEqual(await ask('miIO.ota', { ...server.order, ...change }), INVALID);
        assert.deepEqual(await state(), ['idle']);
      });
    }

    it('a list, and params where there are none', async () => {
      await start();
      assert.deepEqual(await ask('miIO.ota', [server.order]), INVALID);
      assert.deepEqual(await ask('miIO.get_ota_state', {}), INVALID);
      assert.deepEqual(await ask('miIO.get_ota_progress', [1]), INVALID);
    });

    it('a second upgrade while one runs', async () => {
      await start();
      device.faults.ota = 'neverFetches';
      await ask('miIO.ota', server.order);
      assert.deepEqual(await ask('miIO.ota', server.order), BUSY);
    });

    for (const [what, fault, answer, shown] of [
      ['when it is busy', 'busy', BUSY, ['busy']],
      ['with a result of -1', 'minusOne', -1, ['idle']],
      ['when it takes https only', 'httpsOnly', { code: -33003, message: 'connect error.' }, ['idle']],
    ] as const) {
      it(`every upgrade ${what}`, async () => {
        await start();
        device.faults.ota = fault;
        assert.deepEqual(await ask('miIO.ota', server.order), answer);
        assert.deepEqual(await state(), shown);
        assert.deepEqual(server.requests, []);
      });
    }
  });

  describe('fails', () => {
    const fails = async (): Promise<void> => {
      assert.deepEqual(await ask('miIO.ota', server.order), ['ok']);
      await enters('failed');
      assert.deepEqual([await state(), await progress(), await version()], [['failed'], [101], '1.2.3']);
    };

    for (const [what, fault, pieceBytes] of [
      ['refuses', 'refuses', undefined],
      ['does not say how long the file is', 'noLength', undefined],
      ['breaks off in mid-file', 'short', undefined],
      ['breaks off in mid-piece', 'short', 40_000],
      ['sends the whole file for a piece', 'ignoresRange', 40_000],
      ['says that it sends another piece', 'wrongRange', 40_000],
    ] as const satisfies [string, ServerFault, number | undefined][]) {
      it(`when the server ${what}, and can be tried again`, async () => {
        await start({ pieceBytes });
        server.fault = fault;
        await fails();
        server.fault = null;
        const restarted = once(device, 'started');
        assert.deepEqual(await ask('miIO.ota', server.order), ['ok']);
        await restarted;
        assert.equal(await version(), '2.0.0');
      });
    }

    it('when the MD5 is of another file', async () => {
      await start();
      const order = { ...server.order, file_md5: '0'.repeat(32) };
      await ask('miIO.ota', order);
      await enters('failed');
      assert.deepEqual(states, ['downloading', 'failed']);
    });

    it('when nobody serves the file, or only by https', async () => {
      await start();
      await ask('miIO.ota', { ...server.order, app_url: server.url.replace('http:', 'https:') });
      await enters('failed');
      assert.deepEqual(server.requests, []);
    });

    it('while it installs', async () => {
      await start();
      device.faults.ota = 'failsToInstall';
      await fails();
      assert.deepEqual(states, ['downloading', 'downloaded', 'installing', 'failed']);
    });
  });

  it('rejects an image after it has fetched it three times, and is idle with the old version', async () => {
    await start();
    device.faults.ota = 'rejectsImage';
    await ask('miIO.ota', server.order);
    await enters('idle');
    assert.deepEqual(states, ['downloading', 'idle']);
    assert.deepEqual([await state(), await progress(), await version()], [['idle'], [101], '1.2.3']);
    assert.equal(server.requests.length, 3);
  });

  for (const [what, fault, percent, requests] of [
    ['never fetches the file', 'neverFetches', 0, 0],
    ['is stuck in mid-file', 'stuck', 50, 1],
  ] as const satisfies [string, OtaFault, number, number][]) {
    it(`downloads for ever at ${percent} %, until the power goes, when it ${what}`, async () => {
      await start();
      device.faults.ota = fault;
      await ask('miIO.ota', server.order);
      while (!isDeepStrictEqual(await progress(), [percent])); // mocha's time limit ends it
      assert.deepEqual([await state(), await progress()], [['downloading'], [percent]]);
      assert.equal(server.requests.length, requests);
      await device.stop();
      await device.start();
      assert.deepEqual([await state(), await progress(), await version()], [['idle'], [101], '1.2.3']);
    });
  }

  it('is away from the network while it installs silently, then back with the new version', async () => {
    await start({ stepMs: 60 });
    device.faults.ota = 'silentInstall';
    const restarted = once(device, 'started');
    await ask('miIO.ota', server.order);
    await enters('downloaded');
    const begin = performance.now();
    await restarted;
    assert.ok(performance.now() - begin >= 119, 'a step for downloaded, a step away');
    assert.deepEqual(states, ['downloading', 'downloaded']);
    assert.equal(await version(), '2.0.0');
  });

  it('ends with the power, also in the middle of the restart, and leaves nothing behind', async () => {
    await start({ stepMs: 20 });
    await ask('miIO.ota', server.order);
    await enters('installing');
    await device.stop();
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(states, ['downloading', 'downloaded', 'installing']);
    await device.start();
    assert.equal(await version(), '1.2.3');
  });
});
