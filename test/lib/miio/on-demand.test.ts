/** What the library loads, and when: a process of its own shows it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { MialinkError } from '../../../lib/errors';
import { extractTokens, Network, upgradeFirmware } from '../../../lib/miio';

const ROOT = path.resolve(__dirname, '../../..');
const HEAVY = ['multicast-dns', 'chunks/discovery.', 'lib/miio/ota/', 'chunks/tokens.'];

/** Which of the heavy parts a program has loaded at its end, of the library as it is built. */
async function loadedBy(program: string): Promise<string[]> {
  const code = `process.on('exit', () => console.log(JSON.stringify(Object.keys(require.cache)))); ${program}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], { cwd: ROOT });
  const files: string[] = JSON.parse(stdout);
  return HEAVY.filter((part) => files.some((file) => file.includes(part)));
}

describe('what a plain command does not need', () => {
  it('is loaded neither with the library nor by a device', async () => {
    const device = "{ address: '127.0.0.1', token: '0'.repeat(32) }";
    assert.deepEqual(await loadedBy(`new (require('./dist/lib/miio').Network)().device(${device})`), []);
  });

  it('is loaded by the first search', async () => {
    const program =
      "new (require('./dist/lib/miio').Network)().discover({ addresses: '127.0.0.1', timeoutMs: 1 })";
    assert.deepEqual(await loadedBy(program), ['multicast-dns', 'chunks/discovery.']);
  });

  it('is there as soon as it is called', async () => {
    await assert.rejects(
      extractTokens({ path: path.join(__dirname, 'nowhere.db') }),
      (error) => error instanceof MialinkError && error.reason === 'tokensUnreadable',
    );
    const network = new Network();
    const device = network.device({ address: '127.0.0.1', token: '0'.repeat(32) });
    await assert.rejects(
      upgradeFirmware(device, path.join(__dirname, 'nowhere.bin')),
      (error) => error instanceof MialinkError && error.reason === 'firmwareUnreadable',
    );
    await network.close();
  });
});
