/** `npm start` as a person meets it: the editor, the cloud's page, the lamp, a firmware, and Ctrl-C. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, openEditor, openPage, screenshot } from '../support/browser';

const ROOT = join(__dirname, '../..');

describe('the demo', function () {
  this.timeout(120_000);
  let demo: ChildProcess;
  let output = '';
  let browser: Browser;
  let cloud: Page;

  before(async () => {
    demo = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'test/demo/main.ts')], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    for (const stream of [demo.stdout, demo.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    await printed(/Ctrl-C ends it/);
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    if (demo?.exitCode === null) demo.kill('SIGKILL');
  });

  async function printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(output);
      if (match) return match;
      assert.equal(demo.exitCode, null, `the demo has ended:\n${output}`);
      await Promise.race([
        once(demo.stdout ?? demo, 'data'),
        once(demo.stderr ?? demo, 'data'),
        once(demo, 'exit'),
      ]);
    }
  }

  it('shows the flow with every node of ours connected', async () => {
    const [, url = ''] = await printed(/Editor\s+(\S+)/);
    const { page, errors } = await openEditor(browser, url);
    // Each node of ours that has shown a status shows a green one, and none of the flow is invalid.
    await page.waitForFunction(
      `(() => {
        const ours = RED.nodes.filterNodes({}).filter((node) => /^(miio|aliyun)-/.test(node.type) && node.status);
        return ours.length >= 8 && ours.every((node) => ['green', 'blue'].includes(node.status.fill));
      })()`,
      null,
      { timeout: 30_000 },
    );
    assert.deepEqual(
      await page.evaluate('RED.nodes.filterNodes({}).filter((node) => !node.valid).map((node) => node.id)'),
      [],
    );
    await screenshot(page, 'demo-editor');
    assert.deepEqual(errors, []);
  });

  it('shows on the cloud’s page what the home reports', async () => {
    const [, url = ''] = await printed(/Cloud\s+(\S+)/);
    const opened = await openPage(browser, url);
    cloud = opened.page;
    for (const identifier of ['LampPower', 'LampBrightness', 'PurifierPower', 'PM25', 'Humidity']) {
      await cloud.getByText(identifier, { exact: true }).first().waitFor({ timeout: 30_000 });
    }
    assert.deepEqual(opened.errors, []);
  });

  it('switches the lamp from the cloud’s page', async () => {
    await cloud.getByRole('button', { name: 'Lamp on' }).click();
    await printed(/the lamp: power is now on/);
    await cloud.getByText('code 200').first().waitFor();
    await cloud.locator('tr', { hasText: 'LampPower' }).getByText('1', { exact: true }).waitFor();
    await screenshot(cloud, 'demo-cloud-lamp-on');
  });

  it('is called as a service, answers, and reports the event', async () => {
    await cloud.getByPlaceholder('identifier').last().fill('toggle');
    await cloud.getByRole('button', { name: 'Call' }).click();
    await printed(/the lamp: power is now off/);
    await cloud.getByText('LampToggled').first().waitFor();
  });

  it('takes a firmware: the bar moves, the lamp installs it and restarts, and the cloud says success', async () => {
    // Each place at which the bar has stood.
    await cloud.evaluate(`(() => {
      const track = document.querySelector('[role=progressbar]');
      window.places = new Set();
      const look = () => window.places.add(track.getAttribute('aria-valuenow'));
      new MutationObserver(look).observe(track, { attributes: true });
    })()`);
    await cloud.getByRole('button', { name: 'Push next version' }).click();
    await printed(/the lamp: firmware downloading/);
    await printed(/the lamp: firmware installing/);
    await screenshot(cloud, 'demo-cloud-installing');
    await printed(/the lamp: has restarted, and runs version 1\.0\.1/);
    await cloud.getByText('version 1.0.1').first().waitFor({ timeout: 60_000 });
    await cloud.locator('#upgrade', { hasText: '1.0.1 · succeeded' }).waitFor();
    await screenshot(cloud, 'demo-cloud-firmware');
    const places = await cloud.evaluate('[...window.places]');
    assert.ok(Array.isArray(places) && places.length >= 5, `the bar has stood at ${places}`);
  });

  it('reports a corrupted firmware as step -3, and the lamp hears nothing of it', async () => {
    const installs = output.match(/the lamp: firmware/g)?.length;
    await cloud.getByRole('button', { name: 'Push a corrupted one' }).click();
    await cloud.getByText('verification failed').first().waitFor({ timeout: 60_000 });
    await screenshot(cloud, 'demo-cloud-corrupted');
    assert.equal(output.match(/the lamp: firmware/g)?.length, installs);
    await cloud.getByText('version 1.0.1').first().waitFor();
  });

  it('ends cleanly with Ctrl-C', async () => {
    const exited = once(demo, 'exit');
    demo.kill('SIGINT');
    assert.deepEqual(await exited, [0, null]);
  });
});
