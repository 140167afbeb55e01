/** What a program finds in the library as it is built, and what it loads with it: a process of its own shows it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(__dirname, '../../..');

async function outputOf(program: string): Promise<unknown> {
  const code = `console.log(JSON.stringify((() => { ${program} })()))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], { cwd: ROOT });
  return JSON.parse(stdout);
}

describe('the library for Aliyun, as it is built', () => {
  it('has the remote configuration in an entry of its own', async () => {
    const names = await outputOf("return Object.keys(require('./dist/lib/aliyun/functions/remote-config'))");
    assert.deepEqual(names, ['fetchConfig', 'getConfig', 'onConfigPush', 'parseConfigNotice']);
  });

  it('needs no HTTPS client for a device', async () => {
    const files = await outputOf("require('./dist/lib/aliyun'); return Object.keys(require.cache)");
    assert.ok(Array.isArray(files));
    const ofOthers = files.filter((file: string) => /undici|remote-config/.test(file));
    assert.deepEqual(ofOthers, []);
  });
});
