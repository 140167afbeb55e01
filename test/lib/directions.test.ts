/** Who may import whom (DESIGN.md, rule 1), read from the import statements of the sources. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');

interface Import {
  /** Where it is written, from the root. */
  file: string;
  /** `lib/miio/packet` for a relative import, else the module's name. */
  from: string;
  /** The names, as written. */
  names: string;
}

/** The functions of the language that see the world: a pure file has no clock and no chance. */
const WORLD =
  /\b(Date\.now|new Date\(\)|performance|setTimeout|setInterval|setImmediate|Math\.random|process)\b/;

const PURE = [
  'lib/untrusted',
  'lib/miio/packet',
  'lib/miio/cipher',
  'lib/miio/device-info',
  'lib/miio/request',
  'lib/miio/subnet',
  'lib/miio/clues',
  'lib/miio/message',
  'lib/miio/json-repair',
  'lib/miio/token',
  'lib/miio/token-evidence',
  'lib/miio/targets',
  'lib/miio/answer-time',
  'lib/miio/device-errors',
  'lib/miio/destructive',
  'lib/miio/presence',
  'lib/miio/mdns-records',
  ...['property', 'item', 'allowance', 'miot', 'classic', 'item-errors', 'failure', 'last-answer'].map(
    (name) => `lib/miio/properties/${name}`,
  ),
  ...['instance', 'names', 'check', 'spec', 'nearest'].map((name) => `lib/miio/spec/${name}`),
  ...['record', 'ios-token', 'cached-json', 'tar', 'bytes'].map((name) => `lib/miio/tokens/${name}`),
  ...[
    'arguments',
    'exit-codes',
    'help',
    'json-fault',
    'packet-fault',
    'printable',
    'secrets',
    'table',
    'texts',
  ].map((name) => `lib/cli/${name}`),
  ...['probe', 'call', 'report', 'scene', 'scene-event'].map((name) => `lib/miio/push/${name}`),
  ...['answers', 'verdict', 'range'].map((name) => `lib/miio/ota/${name}`),
];
/** Pure ones of the other half. */
const PURE_ALIYUN = [
  'lib/aliyun/identity',
  'lib/aliyun/endpoint',
  'lib/aliyun/topics',
  'lib/aliyun/packets',
  'lib/aliyun/alink',
  'lib/aliyun/answer',
  'lib/aliyun/last-values',
  'lib/aliyun/timed',
  'lib/aliyun/access/identity-notice',
  'lib/aliyun/access/refusal',
  ...['credentials', 'register-sign', 'refusal'].map((name) => `lib/aliyun/registration/${name}`),
  ...[
    'entries',
    'data-type',
    'tsl',
    'rule',
    'schema',
    'convert',
    'refusal',
    'checker',
    'thing-model',
    'post',
  ].map((name) => `lib/aliyun/model/${name}`),
  ...['entry', 'record', 'verdict', 'crc32'].map((name) => `lib/aliyun/outbox/${name}`),
  ...['shadow-message', 'custom-topic', 'log-entry', 'remote-config/notice'].map(
    (name) => `lib/aliyun/functions/${name}`,
  ),
  'lib/aliyun/diagnosis/obstacle',
  ...['notice', 'signature', 'upgrade-state', 'upgrade-record'].map((name) => `lib/aliyun/ota/${name}`),
  ...['crc16', 'stream-block', 'file-name', 'public-address'].map(
    (name) => `lib/aliyun/ota/download/${name}`,
  ),
];

const sources = (folder: string): string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.posix.join(folder, file));

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

function importsOf(file: string): Import[] {
  const statement = /^\s*(?:import|export)\b([^;'"]*?)\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'/gm;
  const call = /\b(?:import|require)\(\s*'([^']+)'/g;
  const text = read(file);
  return [
    ...[...text.matchAll(statement)].map(([, names = '', from, bare]) => ({
      names,
      from: from ?? bare ?? '',
    })),
    ...[...text.matchAll(call)].map(([, from = '']) => ({ names: '', from })),
  ].map(({ names, from }) => ({
    file,
    names: names.trim(),
    from: from.startsWith('.') ? path.posix.join(path.posix.dirname(file), from) : from,
  }));
}

const importsIn = (folder: string): Import[] => sources(folder).flatMap(importsOf);
const isIn = (folder: string) => (one: Import) => one.from === folder || one.from.startsWith(`${folder}/`);

/** Modules that reach out of the program; `isIPv4`, `BlockList` (a list of networks) and types reach nowhere. */
function reachesOut({ from, names }: Import): boolean {
  if (names.startsWith('type ')) return false;
  if (from === 'node:net') return !/^\{\s*(isIP(v4)?|BlockList)\s*\}$/.test(names);
  return /^(node:(dgram|fs|dns|http|https|tls|os|child_process|timers)(\/|$)|mqtt|undici|multicast-dns|node-sqlite3-wasm)/.test(
    from,
  );
}

describe('the directions of the imports', () => {
  it('are found by this test', () => {
    const [first] = importsOf('lib/miio/session.ts').filter(isIn('lib/miio/packet'));
    assert.ok(first?.names.includes('openPacket'));
    assert.ok(importsOf('lib/miio/discovery.ts').some((one) => one.from === 'node:os'));
    assert.ok(importsOf('lib/miio/index.ts').some(isIn('lib/miio/network')), 're-exports count');
    assert.ok(importsIn('nodes').some(isIn('lib/miio')));
    assert.ok(importsIn('test/simulators').length > 10);
  });

  it('never lead from lib to Node-RED or to a node', () => {
    const wrong = importsIn('lib').filter(
      (one) => /^(@node-red\/|node-red)/.test(one.from) || isIn('nodes')(one),
    );
    assert.deepEqual(wrong, []);
  });

  it('never lead from lib to the tests', () => {
    assert.deepEqual(importsIn('lib').filter(isIn('test')), []);
    assert.deepEqual(importsIn('nodes').filter(isIn('test')), []);
  });

  it('never lead from lib/miio to lib/aliyun or back', () => {
    assert.deepEqual(importsIn('lib/miio').filter(isIn('lib/aliyun')), []);
    assert.deepEqual(importsIn('lib/aliyun').filter(isIn('lib/miio')), []);
  });

  it('never lead from a simulator to lib: two implementations check each other', () => {
    assert.deepEqual(importsIn('test/simulators').filter(isIn('lib')), []);
  });

  for (const name of [...PURE, ...PURE_ALIYUN.filter((file) => existsSync(path.join(ROOT, `${file}.ts`)))]) {
    it(`keep ${name} pure: no I/O, no clock, no chance`, () => {
      assert.deepEqual(importsOf(`${name}.ts`).filter(reachesOut), []);
      const code = read(`${name}.ts`).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      assert.doesNotMatch(code, WORLD);
    });
  }
});
