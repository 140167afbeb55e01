/** Texts and examples: nothing that a person reads is missing, superfluous or fixed in English. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { isRecord } from '../../nodes/runtime';
import { CONNECTION, FIRMWARE, KEPT, LOG, OPERATION, PUSH, SWITCHED_OFF } from '../../nodes/status';

const ROOT = join(__dirname, '../..');
const NODES = join(ROOT, 'nodes');
const EXAMPLES = join(ROOT, 'examples');
const TYPES = readdirSync(NODES)
  .filter((name) => name.endsWith('.html'))
  .map((name) => name.replace('.html', ''));

/** What a node tells the editor, as far as these tests look at it. */
interface Definition {
  category: string;
  defaults: Record<string, { value: unknown; type?: string }>;
  credentials?: Record<string, unknown>;
}

for (const type of TYPES) {
  describe(`the texts of ${type}`, () => {
    const html = readFileSync(join(NODES, `${type}.html`), 'utf8');
    const template = scriptOf(html, 'data-template-name');
    const script = scriptOf(html, 'type="text/javascript"');
    const definition = definitionOf(script);
    const catalogue = flatten(readJson(join(NODES, `locales/en-US/${type}.json`)));
    const used = [
      ...keysOfTemplate(template),
      ...keysOfScript(script, type),
      ...keysOfSource(type),
      ...statusesOf(type).map((status) => `${type}.status.${status}`),
      ...(definition.category === 'config' ? [] : [`palette.label.${definition.category}`]),
    ];

    it('are all in the catalogue', () => {
      assert.deepEqual(
        used.filter((key) => !catalogue.has(key)),
        [],
      );
    });

    it('are all used', () => {
      assert.deepEqual(
        [...catalogue.keys()].filter((key) => !used.includes(key)),
        [],
      );
    });

    it('of the dialog are nowhere else than in the catalogue', () => {
      const fixed = [...textsOf(template), ...attributesOf(template, 'placeholder', 'title', 'alt')];
      const values = new Set([
        ...attributesOf(template, 'value'),
        ...Object.values(definition.defaults).map(({ value }) => String(value)),
      ]);
      assert.deepEqual(
        fixed.filter((text) => !values.has(text)),
        [],
      );
    });

    it('of the dialog label a field for each setting', () => {
      const prefix = definition.category === 'config' ? 'node-config-input-' : 'node-input-';
      const fields = attributesOf(template, 'id').filter((id) => id.startsWith(prefix));
      const settings = [...Object.keys(definition.defaults), ...Object.keys(definition.credentials ?? {})];
      assert.deepEqual(fields.map((id) => id.slice(prefix.length)).sort(), settings.sort());
      const labelled = attributesOf(template, 'for');
      const hidden = [...template.matchAll(/type="hidden" id="([^"]+)"/g)].map(([, id]) => id);
      assert.deepEqual(
        fields.filter((id) => !labelled.includes(id) && !hidden.includes(id)),
        [],
      );
    });
  });
}

for (const file of readdirSync(EXAMPLES)) {
  describe(`the example ${file}`, () => {
    const read = readJson(join(EXAMPLES, file));
    const nodes = Array.isArray(read) ? read.filter(isRecord) : assert.fail('an example is an array');
    const ours = nodes.filter(({ type }) => TYPES.includes(String(type)));

    it('shows the node that it is named after', () => {
      const name = file.replace('.json', '');
      const isNamedAfterNode = /^(miio|aliyun)-/.test(name);
      assert.ok(!isNamedAfterNode || ours.some(({ type }) => type === name));
      assert.ok(ours.length > 0);
    });

    it('is one tab of nodes with ids of their own, wired to each other', () => {
      const ids = nodes.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      const [tab, ...others] = nodes.filter(({ type }) => type === 'tab');
      assert.ok(tab && others.length === 0);
      const placed = nodes.filter(({ z }) => z !== undefined);
      assert.deepEqual([...new Set(placed.map(({ z }) => z))], [tab.id]);
      const wired = placed.flatMap(({ wires }) => (Array.isArray(wires) ? wires.flat() : []));
      assert.deepEqual(
        wired.filter((id) => !ids.includes(id)),
        [],
      );
    });

    it('has the settings that its nodes know, and no secret', () => {
      for (const node of ours) {
        const type = String(node.type);
        const html = readFileSync(join(NODES, `${type}.html`), 'utf8');
        const known = Object.keys(definitionOf(scriptOf(html, 'type="text/javascript"')).defaults);
        const place = ['id', 'type', 'z', 'x', 'y', 'wires'];
        assert.deepEqual(
          Object.keys(node).filter((key) => !known.includes(key) && !place.includes(key)),
          [],
          type,
        );
      }
      assert.doesNotMatch(JSON.stringify(nodes), /"(credentials|\w*token|\w*secret)":|\b[\da-f]{32}\b/i);
    });

    it('has no text in a config node that Node-RED takes for a reference', () => {
      const configs = nodes.filter(({ type, z }) => type !== 'tab' && z === undefined);
      const ids = configs.map(({ id }) => id);
      for (const { id, type, ...settings } of configs) {
        assert.deepEqual(
          Object.values(settings).filter((value) => ids.includes(value)),
          [],
        );
      }
    });
  });
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The content of the script element that has this attribute. */
function scriptOf(html: string, attribute: string): string {
  const script = new RegExp(`<script [^>]*${attribute}[^>]*>([^]*?)</script>`).exec(html);
  return script?.[1] ?? assert.fail(`no script with ${attribute}`);
}

/** What the script registers; it runs as in the editor, but only so far. */
function definitionOf(script: string): Definition {
  const registered: Definition[] = [];
  const RED = {
    nodes: { registerType: (_type: string, definition: Definition) => registered.push(definition) },
    validators: { typedInput: () => () => true },
  };
  runInNewContext(script, { RED });
  return registered[0] ?? assert.fail('the script registers nothing');
}

/** `path.to.key` of each text of a catalogue. */
function flatten(catalogue: unknown, path = ''): Map<string, string> {
  if (!isRecord(catalogue)) return new Map([[path, String(catalogue)]]);
  const under = (key: string) => (path === '' ? key : `${path}.${key}`);
  return new Map(Object.entries(catalogue).flatMap(([key, value]) => [...flatten(value, under(key))]));
}

/** Of `data-i18n="[placeholder]key;[title]key"`; those of Node-RED's own catalogue left out. */
function keysOfTemplate(template: string): string[] {
  return attributesOf(template, 'data-i18n')
    .flatMap((value) => value.split(';'))
    .map((one) => one.replace(/^\[\w+\]/, ''))
    .filter((key) => !key.startsWith('node-red:'));
}

/** A key always stands in the script as one text, so that it can be found: here, and by a translator. */
function keysOfScript(script: string, type: string): string[] {
  return [...script.matchAll(new RegExp(`'(${type}\\.[^']*)'`, 'g'))]
    .map(([, key]) => key ?? '')
    .filter((key) => !key.endsWith('.svg'));
}

/** What the node itself asks its catalogue for. */
function keysOfSource(type: string): string[] {
  const own = readFileSync(join(NODES, `${type}.ts`), 'utf8');
  const shared = readFileSync(join(NODES, 'aliyun-request.ts'), 'utf8');
  const source = own.includes('followOutbox(') ? own + shared.replaceAll(/\$\{type\}/g, type) : own;
  return [...source.matchAll(new RegExp(`\\bRED\\._\\(['\`](${type}\\.[^'\`]*)['\`]`, 'g'))].map(
    ([, key]) => key ?? '',
  );
}

/** The statuses that the node can show, by what its source uses. */
function statusesOf(type: string): string[] {
  const source = readFileSync(join(NODES, `${type}.ts`), 'utf8');
  const all = Object.keys({
    ...CONNECTION,
    ...SWITCHED_OFF,
    ...OPERATION,
    ...KEPT,
    ...FIRMWARE,
    ...PUSH,
    ...LOG,
  });
  const shown = [...source.matchAll(/\blight\.show\w*\(.*\)/g)].join('\n');
  return all.filter(
    (status) =>
      (status in CONNECTION && source.includes('new ChosenDevice')) ||
      (status in SWITCHED_OFF && source.includes('new ChosenDevice<AliyunDevice>')) ||
      (status in KEPT && source.includes('followOutbox(')) ||
      (status in OPERATION && source.includes('light.during(')) ||
      (status in FIRMWARE && source.includes('light.showFirmware(')) ||
      (status in PUSH && source.includes('light.showPush(')) ||
      (status in LOG && source.includes('light.showLog(')) ||
      shown.includes(`'${status}'`),
  );
}

function textsOf(template: string): string[] {
  return template
    .split(/<[^>]*>/)
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

function attributesOf(template: string, ...names: string[]): string[] {
  return names.flatMap((name) =>
    [...template.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value]) => value ?? ''),
  );
}
