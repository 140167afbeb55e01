/** A file that cannot be read, a directory that cannot be written: nobody is asked for a secret in vain. */
import assert from 'node:assert/strict';
import fs, { chmod, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sinon from 'sinon';
import { Bench, problemOf, toldBy } from './bench';

const secretFile = '{"deviceSecret":"topsecret-1", but not JSON';

describe('the stored registration', () => {
  let bench: Bench;
  let path: string;

  beforeEach(async () => {
    bench = await Bench.start();
    await bench.registration().credentials();
    path = await bench.path();
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
  });

  const damages: Record<string, () => Promise<unknown>> = {
    'is empty': () => writeFile(path, ''),
    'is no JSON': () => writeFile(path, secretFile),
    'holds no credentials': () => writeFile(path, '{"productKey":"a1b2c3d4e5f"}'),
    'belongs to another device': () => writeFile(path, '{"deviceName":"other","deviceSecret":"topsecret-1"}'),
    'is endless': () => writeFile(path, `{"deviceSecret":"topsecret-1"}${' '.repeat(4096)}`),
    'is a directory': () => rm(path).then(() => mkdir(path)),
    'is a link to nowhere': () => rm(path).then(() => symlink('/nowhere/at/all', path)),
    'may not be read': async () => {
      // The tests may run as root, whom no mode keeps out.
      await chmod(path, 0);
      const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
      sinon.stub(fs, 'readFile').rejects(denied);
    },
    'cannot be looked for': async () => {
      sinon.stub(fs, 'lstat').rejects(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
    },
  };
  for (const [damage, harm] of Object.entries(damages)) {
    it(`that ${damage} is an error that names the file, and nothing is registered`, async () => {
      await harm();
      const problem = await problemOf(bench.registration().credentials());
      assert.deepEqual([problem.reason, problem.code], ['registrationUnreadable', 'CONFIG']);
      assert.ok(problem.message.includes(path));
      assert.match(problem.message, /restore the file, or enter the DeviceSecret/);
      assert.doesNotMatch(toldBy(problem), /topsecret/);
      assert.equal(bench.registrar.asked, 1, 'only at the beginning');
    });
  }
});

describe('the place of a registration', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
  });

  it('that cannot be made is known before the cloud is asked', async () => {
    await writeFile(bench.directory, 'a file where the directory should be');
    const problem = await problemOf(bench.registration().credentials());
    assert.equal(problem.code, 'CONFIG');
    assert.equal(bench.registrar.asked, 0);
  });

  it('that is full is known before the cloud is asked', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const open = fs.open;
    const handles: fs.FileHandle[] = [];
    sinon.stub(fs, 'open').callsFake(async (...args) => {
      const handle = await open(...args);
      handles.push(handle);
      sinon.stub(handle, 'writeFile').rejects(full);
      return handle;
    });
    const problem = await problemOf(bench.registration().credentials());
    assert.deepEqual([problem.reason, problem.code], ['registrationNotStored', 'CONFIG']);
    assert.match(problem.message, /lamp:1@home.*ENOSPC.*free space/);
    assert.equal(bench.registrar.asked, 0);
    assert.ok(
      handles.every(({ fd }) => fd === -1),
      'no file stays open',
    );
  });

  for (const step of ['writeFile', 'sync'] as const) {
    it(`whose disk fails only after the answer (${step}) is tried again, with a new secret`, async () => {
      const failing = { now: false };
      bench.registrar.beforeAnswer = () => {
        failing.now = true;
      };
      const open = fs.open;
      sinon.stub(fs, 'open').callsFake(async (...args) => {
        const handle = await open(...args);
        if (failing.now) sinon.stub(handle, step).rejects(new Error('EIO: i/o error'));
        return handle;
      });
      const problem = await problemOf(bench.registration().credentials());
      assert.deepEqual([problem.reason, problem.code], ['registrationNotStored', 'CONFIG']);
      assert.match(problem.message, /registered again.*allows until the device has signed in/);
      assert.doesNotMatch(toldBy(problem), /topsecret/);
      sinon.restore();
      bench.registrar.beforeAnswer = () => undefined;
      assert.deepEqual(await bench.registration().credentials(), { deviceSecret: 'topsecret-2' });
    });
  }

  it('that cannot rename gives out no credentials', async () => {
    sinon.stub(fs, 'rename').rejects(new Error('EXDEV: cross-device link'));
    const problem = await problemOf(bench.registration().credentials());
    assert.equal(problem.reason, 'registrationNotStored');
    sinon.restore();
    assert.deepEqual(await bench.registration().credentials(), { deviceSecret: 'topsecret-2' });
    await bench.path();
  });

  it('ignores and replaces the draft that a crash has left, whatever its mode', async () => {
    await bench.registration().credentials();
    const path = await bench.path();
    await rm(path);
    await writeFile(`${path}.new`, '{"deviceSecret":"half-written"}', { mode: 0o644 });
    assert.deepEqual(await bench.registration().credentials(), { deviceSecret: 'topsecret-2' });
    assert.equal((await stat(await bench.path())).mode & 0o777, 0o600);
  });

  it('never writes through a link that stands where the draft should', async () => {
    await bench.registration().credentials();
    const path = await bench.path();
    const target = join(bench.directory, 'target');
    await rm(path);
    await symlink(target, `${path}.new`);
    await bench.registration().credentials();
    assert.ok(!(await readdir(bench.directory)).includes('target'));
  });
});
