/** The editor as a person meets it: palette, dialogs as they open, help, and the examples. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EDITORS, useEditor } from '../support/editor';
import type { FlowNode } from '../support/node-red';

const EXAMPLES = join(__dirname, '../../examples');
const CATEGORIES = {
  miIO: ['miio-command', 'miio-discover', 'miio-event', 'miio-ota', 'miio-property'],
  'Aliyun IoT': [
    'aliyun-config',
    'aliyun-diag',
    'aliyun-event',
    'aliyun-job',
    'aliyun-log',
    'aliyun-ota',
    'aliyun-property',
    'aliyun-raw',
    'aliyun-reply',
    'aliyun-reset',
    'aliyun-service',
    'aliyun-shadow',
    'aliyun-tag',
    'aliyun-time',
    'aliyun-topic',
  ],
};
const FLOW_NODES = Object.values(CATEGORIES).flat();
const NEEDS_DEVICE = 'Device: choose one';
/** The others take the device of the message, or none. */
const DEVICE_NODES = [...CATEGORIES['Aliyun IoT'], 'miio-event', 'miio-ota'];
const NEEDS_SETTINGS = 'Device: its settings are incomplete; edit it';
/** What an example leaves to its user; the secrets too, but those are asked for in the dialog only. */
const BLANK_DEVICES: Record<string, string[]> = {
  'miio-device': ['Address: enter an IP address or a host name'],
  'aliyun-device': [
    "ProductKey: copy it from the device's page in the console",
    'DeviceName: enter 4 to 32 letters, digits or - _ @ . :',
  ],
};

/** One of each node, its id is its type; no device is chosen. */
const FLOW = FLOW_NODES.map((type, row) => ({
  id: type,
  type,
  z: 'tab',
  x: 300,
  y: 80 + 60 * row,
  wires: [],
}));

for (const version of EDITORS) {
  describe(`the editor of Node-RED ${version}`, function () {
    this.timeout(60_000);
    const opened = useEditor(version, FLOW);

    it('has our nodes in the palette, under headings of their own', async () => {
      const { editor } = opened;
      for (const [heading, types] of Object.entries(CATEGORIES)) {
        const category = editor.page.locator('.red-ui-palette-category', {
          has: editor.page.locator('.red-ui-palette-header').getByText(heading, { exact: true }),
        });
        await category.scrollIntoViewIfNeeded();
        const nodes = category.locator('.red-ui-palette-node');
        const listed = await nodes.evaluateAll(paletteTypes);
        assert.deepEqual(listed.sort(), types);
        assert.deepEqual(
          (await nodes.allInnerTexts()).map((text) => text.trim().replace(/\s+/, ' ')).sort(),
          types.map((type) => type.replace('-', ' ')),
        );
      }
      await editor.screenshot('palette');
    });

    it('puts a node into the flow that is dragged from the palette', async () => {
      const { editor } = opened;
      const labels = editor.page.locator('.red-ui-flow-node-label').getByText('miio command');
      const before = await labels.count();
      await editor.drag('miio-command', 700, 400);
      await labels.nth(before).waitFor();
    });

    it('says of each node that needs a device to choose one', async () => {
      const shown = await opened.editor.shown(FLOW_NODES);
      assert.deepEqual(
        shown,
        FLOW_NODES.map((type) => ({ type, errors: DEVICE_NODES.includes(type) ? [NEEDS_DEVICE] : [] })),
      );
    });

    for (const type of FLOW_NODES) {
      it(`opens the dialog of ${type}, which marks only what must be filled in`, async () => {
        const { editor } = opened;
        await editor.openDialog(type);
        const marked = await editor.page.locator('.input-error:visible').evaluateAll(idsOf);
        assert.deepEqual(marked, DEVICE_NODES.includes(type) ? ['node-input-device'] : []);
        await editor.screenshot(`dialog-${type}`);
        await editor.closeDialog('cancel');
      });
    }

    for (const type of [...FLOW_NODES, ...Object.keys(BLANK_DEVICES)]) {
      it(`has help for ${type}`, async () => {
        const { editor } = opened;
        const headings = await editor.help(type.replace('-', ' '));
        const [first] = headings;
        assert.ok(first && ['Inputs', 'Outputs', 'Properties'].includes(first), `begins with ${first}`);
        assert.ok(headings.includes('Details'));
        await editor.screenshot(`help-${type}`);
      });
    }

    for (const type of [...FLOW_NODES, 'miio-device', 'aliyun-device']) {
      it(`has no word in the help of ${type} that runs out of the sidebar`, async () => {
        const { editor } = opened;
        await editor.help(type.replace('-', ' '));
        const words = editor.page.locator('.red-ui-help code:visible');
        assert.deepEqual(await words.evaluateAll(wordsBeyondTheirBox), []);
      });
    }

    for (const name of readdirSync(EXAMPLES).map((file) => file.replace('.json', ''))) {
      it(`imports the example ${name}, which waits for the settings of its devices only`, async () => {
        const { editor } = opened;
        const nodes: FlowNode[] = JSON.parse(readFileSync(join(EXAMPLES, `${name}.json`), 'utf8'));
        const placed = nodes.filter(({ type }) => type !== 'tab');
        await editor.importExample(name, String(placed[0]?.z));
        assert.deepEqual(
          await editor.shown(placed.map(({ id }) => id)),
          placed.map(({ type, device }) => ({
            type,
            errors: BLANK_DEVICES[type] ?? (device ? [NEEDS_SETTINGS] : []),
          })),
        );
      });
    }
  });
}

/** Runs in the page. */
function paletteTypes(elements: { getAttribute(name: string): string | null }[]): (string | null)[] {
  return elements.map((element) => element.getAttribute('data-palette-type'));
}

/** Runs in the page. */
function idsOf(elements: { id: string }[]): string[] {
  return elements.map(({ id }) => id);
}

/** Runs in the page. */
function wordsBeyondTheirBox(elements: HTMLElement[]): (string | null)[] {
  return elements
    .filter((element) => {
      const box = element.closest('.red-ui-help') ?? element;
      return element.getBoundingClientRect().right > box.getBoundingClientRect().right;
    })
    .map(({ textContent }) => textContent);
}
