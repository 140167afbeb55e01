/** Debian's Chromium, headless, for the tests of what a person sees. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const SCREENSHOTS = join(__dirname, '../../coverage/screenshots');

/** Without these Chromium looks for hosts of its vendor. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`install chromium (apt-get install chromium), or set CHROMIUM`);
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: QUIET });
}

/** A page whose script errors are collected, so that a test can demand that there are none. */
export async function openPage(
  browser: Browser,
  url: string,
  options: { dark?: boolean; locale?: string } = {},
): Promise<{ page: Page; errors: string[] }> {
  const colorScheme = options.dark ? 'dark' : 'light';
  const viewport = { width: 1440, height: 1020 };
  const context = await browser.newContext({ viewport, colorScheme, locale: options.locale ?? 'en-US' });
  const page = await context.newPage();
  // Node-RED 5 keeps its theme in the browser.
  await page.addInitScript(`localStorage.setItem('view-dark-theme', JSON.stringify('${colorScheme}'))`);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  return { page, errors };
}

/** Opens the Node-RED editor and waits until it knows our nodes and shows the flow. */
export async function openEditor(
  browser: Browser,
  url: string,
  options: { dark?: boolean; locale?: string } = {},
): Promise<{ page: Page; errors: string[] }> {
  const opened = await openPage(browser, url, options);
  await opened.page.waitForFunction("window.RED?.nodes?.getType?.('aliyun-ota') !== undefined", null, {
    timeout: 60_000,
  });
  await opened.page.locator('#red-ui-main-container').waitFor({ state: 'visible' });
  await opened.page.locator('.red-ui-flow-node').first().waitFor({ state: 'attached' });
  return opened;
}

/** For a person to look at; in coverage/screenshots, which git ignores. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}
