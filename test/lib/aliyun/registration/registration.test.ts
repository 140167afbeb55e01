/** What is registered once is kept. */
import assert from 'node:assert/strict';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Bench, problemOf } from './bench';
import { lamp } from './lamp';

const METHODS = ['https', 'mqtt', 'mqtt-unregistered'] as const;

describe('a registration', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  for (const method of METHODS) {
    it(`by ${method} happens once, whoever asks and however often`, async () => {
      const first = await bench.registration({ method }).credentials();
      for (const again of METHODS) {
        const registration = bench.registration({ method: again });
        assert.deepEqual(await registration.credentials(), first);
        assert.deepEqual(await registration.credentials(), first);
      }
      assert.equal(bench.registrar.asked, 1);
    });

    it(`by ${method} is one for all who ask at the same time`, async () => {
      const one = bench.registration({ method });
      const other = bench.registration({ method });
      const all = await Promise.all([one, one, other, one].map((asking) => asking.credentials()));
      assert.equal(new Set(all.map((each) => JSON.stringify(each))).size, 1);
      assert.equal(bench.registrar.asked, 1);
    });
  }

  it('is readable by its owner only', async () => {
    await bench.registration().credentials();
    const path = await bench.path();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
  });

  it('is on disk in the words of the cloud, whole, when its credentials are there', async () => {
    await bench.registration().credentials();
    const text = await readFile(await bench.path(), 'utf8');
    assert.deepEqual(JSON.parse(text), { ...lamp, deviceSecret: 'topsecret-1' });
  });

  it('is not needed by a device whose registration is stored, even without a network', async () => {
    await bench.registration().credentials();
    const offline = bench.registration({ authEndpoint: '127.0.0.1:1' });
    assert.deepEqual(await offline.credentials(), { deviceSecret: 'topsecret-1' });
  });

  it('belongs to one device: others have their own, also with names that differ little', async () => {
    await bench.registration().credentials();
    for (const deviceName of ['lamp_1_home', 'LAMP:1@home', 'lamp:1@homf']) {
      const identity = { ...lamp, deviceName };
      const problem = await problemOf(bench.registration({ identity }).credentials());
      assert.equal(problem.peer?.code, 6100, 'the cloud was asked');
    }
    Object.assign(bench.registrar, {
      refusal: { code: 200, message: '', data: { deviceSecret: 'of-another' } },
    });
    for (const deviceName of ['lamp_1_home', 'LAMP:1@home']) {
      await bench.registration({ identity: { ...lamp, deviceName } }).credentials();
    }
    const names = (await bench.files()).map((name) => name.toLowerCase());
    assert.equal(new Set(names).size, 3);
    for (const name of names) assert.match(name, /^[a-z0-9_-]+\.json$/);
    assert.deepEqual(await bench.registration().credentials(), { deviceSecret: 'topsecret-1' });
  });

  it('can be tried again after a refusal', async () => {
    bench.registrar.refusal = { code: 6288, message: 'off' };
    await problemOf(bench.registration().credentials());
    bench.registrar.refusal = undefined;
    assert.deepEqual(await bench.registration().credentials(), { deviceSecret: 'topsecret-1' });
  });

  it('follows a file that its owner has mended', async () => {
    await bench.registration().credentials();
    await writeFile(await bench.path(), '{"deviceSecret":"from-a-backup"}');
    assert.deepEqual(await bench.registration().credentials(), { deviceSecret: 'from-a-backup' });
  });

  describe('that is forgotten', () => {
    it('is made anew', async () => {
      const registration = bench.registration();
      await registration.credentials();
      await registration.forget();
      assert.deepEqual(await bench.files(), []);
      assert.deepEqual(await registration.credentials(), { deviceSecret: 'topsecret-2' });
    });

    it('need not have been there', async () => {
      await bench.registration().forget();
      assert.equal(bench.registrar.asked, 0);
    });

    it('while it is under way is finished first, and then forgotten', async () => {
      const registration = bench.registration();
      const credentials = registration.credentials();
      await registration.forget();
      assert.deepEqual(await credentials, { deviceSecret: 'topsecret-1' });
      assert.deepEqual(await bench.files(), []);
    });

    it('may be one that cannot be read', async () => {
      await bench.registration().credentials();
      await writeFile(await bench.path(), 'garbage');
      await bench.registration().forget();
      assert.deepEqual(await bench.registration().credentials(), { deviceSecret: 'topsecret-2' });
    });

    it('says when the file cannot be removed', async () => {
      await bench.registration().credentials();
      const directory = dirname(await bench.path());
      await rm(directory, { recursive: true });
      await writeFile(directory, 'a file where the directory should be');
      const problem = await problemOf(bench.registration().forget());
      assert.deepEqual([problem.reason, problem.code], ['registrationNotForgotten', 'CONFIG']);
    });
  });

  describe('of a device that the cloud has deleted', () => {
    for (const method of ['https', 'mqtt'] as const) {
      it(`by ${method} is made anew, as the device has to be created in the console`, async () => {
        const registration = bench.registration({ method });
        await registration.credentials();
        await registration.deviceDeleted();
        assert.deepEqual(await bench.files(), []);
        await registration.credentials();
        assert.equal(bench.registrar.asked, 2);
      });
    }

    it('by mqtt-unregistered would create it again, and is not made anew but by another one', async () => {
      const options = { method: 'mqtt-unregistered' } as const;
      const registration = bench.registration(options);
      await registration.credentials();
      const deleted = registration.deviceDeleted();
      const { reason, code } = await problemOf(registration.credentials());
      assert.deepEqual([reason, code], ['deviceDeleted', 'AUTH']);
      await deleted;
      assert.deepEqual(await bench.files(), []);
      assert.equal((await problemOf(registration.credentials())).reason, 'deviceDeleted');
      assert.equal(bench.registrar.asked, 1);
      await bench.registration(options).credentials();
      assert.equal(bench.registrar.asked, 2);
    });
  });

  describe('that is aborted', () => {
    it('beforehand does nothing at all', async () => {
      const first = await problemOf(bench.registration().credentials(AbortSignal.abort()));
      assert.equal(first.reason, 'aborted');
      assert.equal(bench.registrar.asked, 0);
      await bench.registration().credentials();
      const second = await problemOf(bench.registration().credentials(AbortSignal.abort()));
      assert.equal(second.reason, 'aborted');
    });

    it('does not keep another who waits for it from registering', async () => {
      bench.registrar.payload = null;
      const end = new AbortController();
      const first = problemOf(bench.registration({ method: 'mqtt' }).credentials(end.signal));
      const second = bench.registration({ method: 'mqtt' }).credentials();
      while (!bench.clients[0]?.connected) await new Promise(setImmediate);
      bench.registrar.payload = undefined;
      end.abort();
      assert.equal((await first).reason, 'aborted');
      assert.deepEqual(await second, { deviceSecret: 'topsecret-1' });
    });

    it('while it waits for another lets that one go on', async () => {
      const end = new AbortController();
      const first = bench.registration().credentials();
      const second = problemOf(bench.registration().credentials(end.signal));
      end.abort();
      assert.equal((await second).reason, 'aborted');
      assert.deepEqual(await first, { deviceSecret: 'topsecret-1' });
      assert.equal(bench.registrar.asked, 1);
    });
  });
});
