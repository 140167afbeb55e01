/**
 * The editor as a person uses it, with mouse and keyboard; everything here works in Node-RED 4.1 and in 5.0. A node of
 * the flow is found by its id.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { openBrowser, openEditor, screenshot } from './browser';
import { type FlowNode, NodeRed, type NodeRedVersion } from './node-red';

/** What a person sees of a node: its red triangle, if it has one, says the errors. */
export interface ShownNode {
  type: string;
  errors: string[];
}

/** As far as the tests ask the page itself. */
declare const RED: {
  actions: { invoke(name: string): void };
  nodes: {
    workspace(id: string): object | undefined;
    node(id: string): { type: string; valid: boolean; validationErrors?: string[] } | null;
  };
};

declare const $: (selector: string) => ArrayLike<unknown>;

/** The editors that are looked at: the older one in its only theme, the newer one in the dark. */
export const EDITORS: NodeRedVersion[] = ['4.1', '5.0'];

/**
 * A Node-RED with this flow and its editor in a browser, for the tests of a `describe`; call inside it. After each
 * test the page must have had no error.
 */
export function useEditor(version: NodeRedVersion, flow: FlowNode[]) {
  let nodeRed: NodeRed | undefined;
  let browser: Browser | undefined;
  let editor: Editor | undefined;
  let errors: string[] = [];
  before(async () => {
    nodeRed = await NodeRed.start({ version });
    await nodeRed.deploy([{ id: 'tab', type: 'tab', label: 'test' }, ...flow]);
    browser = await openBrowser();
    const opened = await openEditor(browser, nodeRed.url, { dark: version === '5.0' });
    opened.page.setDefaultTimeout(30_000);
    errors = opened.errors;
    editor = new Editor(opened.page, version);
  });
  after(async () => {
    await browser?.close();
    await nodeRed?.close();
  });
  afterEach(() => assert.deepEqual(errors, []));
  return {
    get nodeRed(): NodeRed {
      return nodeRed ?? assert.fail('Node-RED runs during a test only');
    },
    get editor(): Editor {
      return editor ?? assert.fail('the editor is open during a test only');
    },
  };
}

export class Editor {
  constructor(
    readonly page: Page,
    private readonly version: NodeRedVersion,
  ) {}

  /** A node in the workspace. */
  node(id: string): Locator {
    return this.page.locator(`.red-ui-flow-node[id="${id}"]`);
  }

  /** The text that stands under a node. */
  status(id: string): Locator {
    return this.node(id).locator('.red-ui-flow-node-status-label');
  }

  /** A node in the palette. */
  palette(type: string): Locator {
    return this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
  }

  /** A field of the flow node's dialog; of the config node's dialog, when that lies above. */
  field(name: string): Locator {
    return this.page.locator(`#node-input-${name}:visible, #node-config-input-${name}:visible`).last();
  }

  /** A cell of the open dialog's table, by its row and the words that stand in it while it is empty. */
  cell(row: number, words: string): Locator {
    return this.rows().nth(row).getByPlaceholder(words, { exact: true });
  }

  /** The rows of the open dialog's table. */
  rows(): Locator {
    return this.page.locator('#dialog-form .red-ui-editableList-list > li:visible');
  }

  async addRow(): Promise<void> {
    await this.page.locator('#dialog-form .red-ui-editableList-addButton:visible').click();
  }

  async removeRow(row: number): Promise<void> {
    const before = await this.rows().count();
    await this.rows().nth(row).locator('.red-ui-editableList-item-remove').click();
    await this.rows()
      .nth(before - 1)
      .waitFor({ state: 'detached' });
  }

  async drag(type: string, x: number, y: number): Promise<void> {
    await this.palette(type).hover();
    await this.page.mouse.down();
    await this.page.mouse.move(x, y, { steps: 20 });
    await this.page.mouse.up();
  }

  /** By *Import*, from the examples that the package brings; resolves when the flow of this id is there. */
  async importExample(name: string, flow: string): Promise<void> {
    await this.page.evaluate(showExamples);
    const examples = this.page.locator('#red-ui-clipboard-dialog-import-tab-examples');
    // The editor chooses the first entry a moment after it shows the list; ours must come later.
    await examples.locator('.red-ui-treeList-label.selected').waitFor();
    await examples.getByText('@mialink/node-red-miio-aliyun').click();
    const example = examples.getByText(name, { exact: true });
    await example.waitFor();
    // While the list slides open a click may begin on one entry and end on another, which chooses none.
    await this.page.waitForFunction(hasComeToRest, '#red-ui-clipboard-dialog-import-tab-examples');
    await example.click();
    await this.page.locator('#red-ui-clipboard-dialog-ok').click();
    await this.page.waitForFunction(hasWorkspace, flow);
  }

  /** What *Export* shows of all flows. */
  async exported(): Promise<string> {
    await this.page.keyboard.press('Control+e');
    await this.page.locator('#red-ui-clipboard-dialog-export-rng-full').click();
    const text = await this.page.locator('#red-ui-clipboard-dialog-export-text').inputValue();
    await this.page.keyboard.press('Escape');
    return text;
  }

  async openDialog(id: string): Promise<void> {
    // Node-RED takes two clicks in the same millisecond for one.
    await this.node(id).locator('rect.red-ui-flow-node').dblclick({ delay: 20 });
    await this.hasSettled('#node-dialog-ok');
  }

  /** The dialog of the config node behind the open dialog's field `device`. */
  async openDevice(button: 'add' | 'edit'): Promise<void> {
    await this.page.locator(`#node-input-btn-device-${button}`).click();
    await this.hasSettled('#node-config-dialog-ok');
  }

  async closeDevice(button: 'ok' | 'cancel'): Promise<void> {
    await this.page.locator(`#node-config-dialog-${button}`).click();
    await this.page.locator('#node-config-input-name').waitFor({ state: 'detached' });
  }

  async closeDialog(button: 'ok' | 'cancel'): Promise<void> {
    await this.page.locator(`#node-dialog-${button}`).click();
    await this.page.locator('#node-input-name').waitFor({ state: 'detached' });
  }

  /** Types into a field and leaves it. */
  async fill(name: string, value: string): Promise<void> {
    await this.field(name).fill(value);
    await this.field(name).blur();
  }

  /** Resolves when the open dialog says this while the mouse rests on a field. */
  async complaint(name: string, text: string): Promise<void> {
    await this.field(name).hover();
    await this.page.locator('.red-ui-popover').getByText(text, { exact: true }).waitFor();
    // The words lie over the next field.
    await this.page.mouse.move(0, 0);
  }

  async deploy(): Promise<void> {
    const answer = this.page.waitForResponse(
      (response) => response.url().endsWith('/flows') && response.request().method() === 'POST',
    );
    await this.page.locator('#red-ui-header-button-deploy').click();
    assert.equal((await answer).status(), 200);
  }

  /** Presses the button of an inject node, and gives what the debug sidebar shows next. */
  async inject(id: string): Promise<string> {
    await this.page.keyboard.press('Control+g');
    await this.page.keyboard.press('d');
    const messages = this.page.locator('.red-ui-debug-msg');
    const already = await messages.count();
    await this.node(id).locator('.red-ui-flow-node-button-button').click();
    return messages.nth(already).innerText();
  }

  /** Opens the help of a node type; its headings. */
  async help(name: string): Promise<string[]> {
    await this.page.keyboard.press('Control+g');
    await this.page.keyboard.press('h');
    const contents = this.page.locator('.red-ui-sidebar-help-toc');
    const entry = contents.getByText(name, { exact: true });
    if (!(await entry.isVisible())) await contents.getByText('@mialink/node-red-miio-aliyun').click();
    await entry.click();
    await this.page.locator('.red-ui-help-title').getByText(name, { exact: true }).waitFor();
    return this.page.locator('.red-ui-help h3').allInnerTexts();
  }

  /** These nodes, config nodes too, as the editor has them. */
  shown(ids: string[]): Promise<ShownNode[]> {
    return this.page.evaluate(readNodes, ids);
  }

  /** Resolves when a dialog has slid in: its button could be clicked. */
  private async hasSettled(button: string): Promise<void> {
    await this.page.locator(button).click({ trial: true });
  }

  async screenshot(name: string): Promise<void> {
    await screenshot(this.page, `editor-${this.version}-${name}`);
  }
}

/** The secret is neither in what the editor gets or exports, nor in a file, nor in the log. */
export async function assertKeptSecret(
  { editor, nodeRed }: ReturnType<typeof useEditor>,
  secret: string,
): Promise<void> {
  const files = readdirSync(nodeRed.userDir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const places = {
    flows: await (await fetch(`${nodeRed.url}/flows`)).text(),
    exported: await editor.exported(),
    files: files.map(({ name }) => readFileSync(join(nodeRed.userDir, name), 'utf8')).join('\n'),
    log: nodeRed.log.join('\n'),
  };
  for (const [place, text] of Object.entries(places)) {
    assert.ok(!text.includes(secret), `the secret is in ${place}`);
  }
  for (const text of [places.flows, places.exported, places.files])
    assert.match(text, /(miio|aliyun)-device/);
}

/** Runs in the page. */
function showExamples(): void {
  RED.actions.invoke('core:show-examples-import-dialog');
}

/** Runs in the page: jQuery moves nothing in there. */
function hasComeToRest(place: string): boolean {
  return $(`${place} :animated`).length === 0;
}

/** Runs in the page. */
function hasWorkspace(id: string): boolean {
  return Boolean(RED.nodes.workspace(id));
}

/** Runs in the page. */
function readNodes(ids: string[]): ShownNode[] {
  return ids.map((id) => {
    const node = RED.nodes.node(id);
    if (!node) return { type: 'absent', errors: [] };
    return { type: node.type, errors: node.valid ? [] : (node.validationErrors ?? ['invalid']) };
  });
}
