/** The files of `make-fixtures.py`, in a folder that lives as long as the tests of a `describe`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ErrorCode, MialinkError } from '../../../../lib/errors';
import type { Reason } from '../../../../lib/reasons';

export const PASSWORD = 'gehéim';

export const LAMP = {
  name: 'Lamp',
  model: 'yeelink.light.lamp1',
  mac: '28:6C:07:AA:BB:01',
  address: '192.168.1.20',
  deviceId: '100000001',
  token: '476e6b70343055483230644c53707a12',
};
export const PLUG = {
  name: '插座',
  model: 'chuangmi.plug.m1',
  mac: '28:6C:07:AA:BB:02',
  address: '192.168.1.21',
  deviceId: '100000002',
  token: 'b31c928032e6a4afc898c5c8768a518f',
};

/**
 * Call inside `describe`. The folder for temporary files is one of its own, in which the library may leave nothing.
 */
export function useFolder() {
  const usual = process.env.TMPDIR;
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'token-files-'));
    mkdirSync(path.join(folder, 'tmp'));
    process.env.TMPDIR = path.join(folder, 'tmp');
  });
  afterEach(() => {
    const left = readdirSync(path.join(folder, 'tmp')).filter((name) => name.startsWith('mialink-'));
    assert.deepEqual(left, []);
  });
  after(() => {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get path(): string {
      return folder;
    },
    /** The path of a file there. */
    file: (name: string) => path.join(folder, name),
    /** Writes one; its path. */
    write(name: string, content: Buffer | string): string {
      writeFileSync(path.join(folder, name), content);
      return path.join(folder, name);
    },
  };
}

/** Makes the fixtures; gives a function from a file's name to its path. Call inside `describe`. */
export function useFixtures() {
  const folder = useFolder();
  before(() => {
    execFileSync('/usr/bin/python3', [path.join(__dirname, 'make-fixtures.py'), folder.path]);
  });
  return folder;
}

/** Asserts that it fails for this reason, in a text that names the file and no token. */
export async function fails(
  work: Promise<unknown>,
  expected: { code: ErrorCode; reason: Reason; text?: RegExp },
): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof MialinkError, String(error));
    assert.deepEqual([error.code, error.reason], [expected.code, expected.reason], error.message);
    if (expected.text) assert.match(error.message, expected.text);
    assert.doesNotMatch(error.message, /[0-9a-f]{32}|__\w+__|mialink-tokens-/);
    return true;
  });
}
