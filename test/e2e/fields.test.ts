/** What a person fills into the dialogs is there when they are opened again, and what the flow gets by a deploy. */
import assert from 'node:assert/strict';
import { EDITORS, type Editor, useEditor } from '../support/editor';
import type { FlowNode, NodeRed } from '../support/node-red';

const TYPES = ['miio-command', 'miio-discover', 'miio-event', 'miio-ota', 'miio-property'];
/** Nobody has this address. */
const DEVICE = {
  id: 'device',
  type: 'miio-device',
  name: 'lamp',
  address: '127.54.8.1',
  port: 54321,
  timeoutMs: 1_000,
  retries: 0,
  bindAddress: '127.54.8.2',
  credentials: { token: 'ab'.repeat(16) },
};
const BUTTON = { did: 'did or blank', code: 'code, such as [1,13,1,85,[0,1],0,0]' };
const SPEC = {
  type: 'urn:miot-spec-v2:device:light:0000A001:yeelink-ceil26:1',
  description: 'Light',
  services: [
    {
      iid: 2,
      type: 'urn:miot-spec-v2:service:light:00007802:yeelink-ceil26:1',
      description: 'Light',
      properties: [
        property(1, 'on:00000006', 'bool', ['read', 'write', 'notify']),
        property(2, 'brightness:0000000D', 'uint8', ['read', 'write', 'notify']),
        property(9, 'toggle:0000009D', 'bool', ['write']),
      ],
    },
  ],
};

for (const version of EDITORS) {
  describe(`what is filled into the dialogs of Node-RED ${version}`, function () {
    this.timeout(60_000);
    const opened = useEditor(version, flow());

    /** Opens the dialog again; what stands in these fields. */
    async function kept(id: string, names: string[]): Promise<Record<string, string>> {
      await opened.editor.openDialog(id);
      const values = names.map(async (name) => [name, await opened.editor.field(name).inputValue()]);
      return Object.fromEntries(await Promise.all(values));
    }

    it('is kept in the fields of miio-ota, once they are right', async () => {
      const { editor, nodeRed } = opened;
      await editor.openDialog('miio-ota');
      await editor.fill('timeoutMs', '10 minutes');
      await editor.fill('address', 'http://192.168.1.2/');
      await editor.fill('port', '0');
      await editor.complaint(
        'timeoutMs',
        'Timeout: enter a number of milliseconds above 0, or leave it blank',
      );
      await editor.complaint('address', 'Our address: enter an IP address or a host name, or leave it blank');
      await editor.complaint('port', 'Our port: enter a number from 1 to 65535, or leave it blank');
      await editor.screenshot('fields-miio-ota-wrong');
      const typed = { timeoutMs: '300000', address: '127.0.0.1', port: '8080' };
      for (const [name, value] of Object.entries(typed)) await editor.fill(name, value);
      assert.equal(await editor.page.locator('.input-error:visible').count(), 0);
      await editor.closeDialog('ok');
      assert.deepEqual(await kept('miio-ota', Object.keys(typed)), typed);
      await editor.closeDialog('ok');
      await assertDeployed(editor, nodeRed, 'miio-ota', { device: 'device', ...typed });
    });

    it('is kept as the tick of miio-command, which nobody has set before', async () => {
      const { editor, nodeRed } = opened;
      await editor.openDialog('miio-command');
      const tick = editor.page.getByLabel('Allow destructive commands');
      assert.equal(await tick.isChecked(), false);
      await tick.check();
      await editor.screenshot('fields-miio-command');
      await editor.closeDialog('ok');
      await editor.openDialog('miio-command');
      assert.equal(await tick.isChecked(), true);
      await editor.closeDialog('ok');
      await assertDeployed(editor, nodeRed, 'miio-command', { allowDestructive: true });
    });

    it('is kept as the report of miio-discover, which is asked for with an interval only', async () => {
      const { editor, nodeRed } = opened;
      await editor.openDialog('miio-discover');
      await editor.fill('interval', '0');
      assert.equal(await editor.field('report').count(), 0);
      await editor.fill('interval', '3600');
      assert.equal(await editor.field('report').inputValue(), 'all');
      await editor.field('report').selectOption('changes');
      await editor.screenshot('fields-miio-discover');
      await editor.closeDialog('ok');
      assert.deepEqual(await kept('miio-discover', ['interval', 'report']), {
        interval: '3600',
        report: 'changes',
      });
      await editor.closeDialog('ok');
      await assertDeployed(editor, nodeRed, 'miio-discover', { report: 'changes' });
    });

    it('is kept in the table of miio-event, which belongs to a gateway', async () => {
      const { editor, nodeRed } = opened;
      await editor.openDialog('miio-event');
      assert.equal(await editor.rows().count(), 0);
      await editor.field('source').selectOption('gateway');
      await fillRow(editor, 0, {
        [BUTTON.did]: 'lumi.158d0001234567',
        model: 'lumi.sensor_switch.v2',
        event: 'click',
      });
      await editor.cell(0, BUTTON.code).fill('[1,13,1,85,[0,1],0,0]');
      await editor.addRow();
      await fillRow(editor, 1, { event: 'alarming', [BUTTON.code]: '[1]' });
      await editor.addRow();
      await editor.screenshot('fields-miio-event');
      await editor.closeDialog('ok');
      await editor.openDialog('miio-event');
      assert.equal(await editor.rows().count(), 2, 'an empty row is none');
      assert.equal(await editor.cell(0, 'model').inputValue(), 'lumi.sensor_switch.v2');
      await editor.closeDialog('ok');
      const events = [
        {
          sourceDid: 'lumi.158d0001234567',
          sourceModel: 'lumi.sensor_switch.v2',
          event: 'click',
          extra: '[1,13,1,85,[0,1],0,0]',
        },
        { sourceDid: '', sourceModel: '', event: 'alarming', extra: '[1]' },
      ];
      await assertDeployed(editor, nodeRed, 'miio-event', { source: 'gateway', events });
    });

    it('is kept in the table of miio-property, numbers as such', async () => {
      const { editor, nodeRed } = opened;
      await editor.openDialog('miio-property');
      assert.equal(await editor.field('interval').count(), 0);
      await editor.field('mode').selectOption('watch');
      await editor.fill('interval', '60');
      for (const row of [0, 1, 2]) {
        await editor.addRow();
        await editor.cell(row, 'name').fill(`property ${row}`);
      }
      await fillRow(editor, 0, { siid: '2', piid: '1' });
      await fillRow(editor, 1, { method: 'get_power' });
      await editor.screenshot('fields-miio-property');
      await editor.removeRow(2);
      await editor.closeDialog('ok');
      assert.deepEqual(await kept('miio-property', ['mode', 'interval']), { mode: 'watch', interval: '60' });
      assert.equal(await editor.cell(1, 'method').inputValue(), 'get_power');
      await editor.closeDialog('ok');
      const properties = [
        { name: 'property 0', siid: 2, piid: 1 },
        { name: 'property 1', method: 'get_power' },
      ];
      await assertDeployed(editor, nodeRed, 'miio-property', { mode: 'watch', interval: '60', properties });
    });

    it('makes miio-event complain while a row of its table is incomplete', async () => {
      const { editor } = opened;
      await editor.openDialog('miio-event');
      await editor.removeRow(1);
      assert.equal(await markedRows(editor), 0);
      await editor.cell(0, BUTTON.code).fill('');
      assert.equal(await markedRows(editor), 1);
      assert.equal(await editor.cell(0, BUTTON.code).getAttribute('title'), BUTTON.code);
      const marked = editor.rows().locator('.input-error');
      assert.equal(await marked.count(), 1, 'the wrong field only');
      assert.equal(await marked.getAttribute('title'), BUTTON.code);
      await editor.screenshot('fields-miio-event-wrong');
      await editor.closeDialog('ok');
      const [shown] = await editor.shown(['miio-event']);
      assert.match(shown?.errors.join() ?? '', /^Events: enter at least one; each needs an event, its code/);
    });

    it('makes miio-property complain while a row of its table is incomplete', async () => {
      const { editor } = opened;
      await editor.openDialog('miio-property');
      assert.equal(await markedRows(editor), 0);
      await editor.cell(1, 'name').fill('property 0');
      assert.equal(await markedRows(editor), 2, 'the same name');
      await editor.cell(1, 'name').fill('property 1');
      assert.equal(await markedRows(editor), 0);
      await editor.cell(0, 'piid').fill('');
      assert.equal(await markedRows(editor), 1);
      assert.equal(await editor.cell(0, 'piid').getAttribute('title'), 'piid');
      await editor.screenshot('fields-miio-property-wrong');
      await editor.closeDialog('ok');
      const [shown] = await editor.shown(['miio-property']);
      assert.match(shown?.errors.join() ?? '', /^Properties: each row wants a name of its own/);
    });

    it('may come from a spec: its properties go into the table of miio-property', async () => {
      const { editor } = opened;
      await editor.openDialog('miio-property');
      for (const row of [1, 0]) await editor.removeRow(row);
      await chooseSpec(editor, 'no JSON');
      await editor.page.getByText('That file is no MIoT instance').waitFor();
      await editor.screenshot('fields-miio-property-no-spec');
      await chooseSpec(editor, JSON.stringify(SPEC, null, 2));
      await editor.cell(1, 'name').waitFor();
      await editor.screenshot('fields-miio-property-spec');
      assert.equal(await editor.page.getByText('That file is no MIoT instance').count(), 0);
      assert.equal(await editor.rows().count(), 2, 'what can be read');
      assert.equal(await editor.cell(1, 'name').inputValue(), 'light:brightness');
      assert.equal(await editor.cell(1, 'piid').inputValue(), '2');
      assert.deepEqual(JSON.parse(await editor.field('spec').inputValue()), SPEC);
      await editor.closeDialog('ok');
    });
  });
}

/** How many rows of the open dialog's table are marked as wrong. */
function markedRows(editor: Editor): Promise<number> {
  return editor
    .rows()
    .filter({ has: editor.page.locator('.input-error') })
    .count();
}

async function fillRow(editor: Editor, row: number, cells: Record<string, string>): Promise<void> {
  for (const [words, value] of Object.entries(cells)) await editor.cell(row, words).fill(value);
}

async function chooseSpec(editor: Editor, text: string): Promise<void> {
  const chooser = editor.page.waitForEvent('filechooser');
  await editor.page.locator('#miio-property-upload').click();
  await (await chooser).setFiles({
    name: 'spec.json',
    mimeType: 'application/json',
    buffer: Buffer.from(text),
  });
}

/** Deploys; the node is valid, and the flow has these settings of it. */
async function assertDeployed(
  editor: Editor,
  nodeRed: NodeRed,
  id: string,
  settings: Record<string, unknown>,
): Promise<void> {
  assert.deepEqual(await editor.shown([id]), [{ type: id, errors: [] }]);
  await editor.deploy();
  const flows: FlowNode[] = JSON.parse(await (await fetch(`${nodeRed.url}/flows`)).text());
  const deployed = flows.find((node) => node.id === id) ?? assert.fail(`${id} is not in the flow`);
  assert.deepEqual(Object.fromEntries(Object.keys(settings).map((name) => [name, deployed[name]])), settings);
}

/** One of each node, its id is its type. */
function flow(): FlowNode[] {
  const nodes = TYPES.map((type, row) => ({
    id: type,
    type,
    z: 'tab',
    x: 200,
    y: 80 + 80 * row,
    wires: [],
    ...(type === 'miio-discover' ? { addresses: DEVICE.address } : { device: DEVICE.id }),
  }));
  return [...nodes, DEVICE];
}

function property(iid: number, urn: string, format: string, access: string[]): object {
  return {
    iid,
    type: `urn:miot-spec-v2:property:${urn}:yeelink-ceil26:1`,
    description: urn,
    format,
    access,
  };
}
