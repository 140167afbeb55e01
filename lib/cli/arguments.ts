/**
 * The command line (pure): what to do, and with which settings. A mistake is a `UsageError` that names it, or the
 * library's error for a malformed token.
 */
import { parseArgs } from 'node:util';
import { isDestructive } from '../miio/destructive';
import { HEADER_BYTES } from '../miio/packet';
import { parseToken } from '../miio/token';
import { isRecord } from '../untrusted';
import { jsonFault } from './json-fault';
import { UsageError } from './texts';

export type Task =
  | { task: 'help' | 'version' }
  /** Blank: every interface's broadcast; else what discovery takes. */
  | { task: 'discover'; addresses: string }
  | { task: 'info'; address: string }
  | { task: 'send'; address: string; method: string; params: unknown }
  | { task: 'decode'; packet: Buffer }
  | { task: 'tokens'; path: string }
  | { task: 'provision'; address: string; ssid: string };

export interface Settings {
  bindAddress: string;
  port?: number;
  /** 32 hexadecimal digits, as typed or, for what needs one, from MIIO_TOKEN; blank: none. */
  token: string;
  timeoutMs?: number;
  retries?: number;
  debug: boolean;
  json: boolean;
  showToken: boolean;
  /** Nothing is asked. */
  yes: boolean;
}

export const SWITCHES = {
  discover: { type: 'string' },
  info: { type: 'boolean' },
  sendcmd: { type: 'string' },
  decode: { type: 'string' },
  'extract-tokens': { type: 'string' },
  provision: { type: 'string' },
  ip: { type: 'string' },
  port: { type: 'string' },
  bindip: { type: 'string' },
  token: { type: 'string' },
  timeout: { type: 'string' },
  retries: { type: 'string' },
  debug: { type: 'boolean' },
  json: { type: 'boolean' },
  'show-token': { type: 'boolean' },
  'allow-destructive': { type: 'boolean' },
  yes: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

export type Switch = keyof typeof SWITCHES;

/** The switches that say what to do; exactly one is given. */
const TASKS: Switch[] = [
  'help',
  'version',
  'discover',
  'info',
  'sendcmd',
  'decode',
  'extract-tokens',
  'provision',
];

type Given = ReadonlyMap<Switch, string>;

const NONE: Given = new Map();

/** Reads what stands behind the program's name. Throws a UsageError, or `tokenMalformed`. */
export function parseArguments(
  argv: readonly string[],
  env: NodeJS.Dict<string>,
): { task: Task; settings: Settings } {
  const given = switchesIn(argv);
  // Who asks for help gets it, whatever else is wrong.
  if (given.has('help') || given.size === 0)
    return { task: { task: 'help' }, settings: { ...settingsOf(NONE), token: '' } };
  const settings = settingsOf(given);
  const task = taskOf(given, settings);
  return { task, settings: { ...settings, token: tokenOf(task, given, env) } };
}

/** Every switch with its value; '' for one that has none. */
function switchesIn(argv: readonly string[]): Given {
  const { tokens } = parseArgs({ args: [...argv], options: SWITCHES, strict: false, tokens: true });
  const given = new Map<Switch, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError('unexpected', { word: token.value });
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (!isSwitch(name)) throw new UsageError('switchUnknown', { name: rawName });
    const wanted = SWITCHES[name].type === 'string';
    // A forgotten value would swallow the next switch.
    if (wanted && (value === undefined || value === '' || (!token.inlineValue && isSwitchText(value)))) {
      throw new UsageError('valueMissing', { name: rawName });
    }
    if (!wanted && value !== undefined) throw new UsageError('valueUnexpected', { name: rawName });
    if (given.has(name)) throw new UsageError('switchTwice', { name: rawName });
    given.set(name, value ?? '');
  }
  return given;
}

function isSwitch(name: string): name is Switch {
  return Object.hasOwn(SWITCHES, name);
}

function isSwitchText(text: string): boolean {
  const [name = ''] = text.slice(2).split('=');
  return text.startsWith('--') && isSwitch(name);
}

function taskOf(given: Given, settings: Omit<Settings, 'token'>): Task {
  const [name, other] = TASKS.filter((each) => given.has(each));
  if (!name) throw new UsageError('taskMissing');
  if (other) throw new UsageError('taskTwice', { one: `--${name}`, other: `--${other}` });
  const value = given.get(name) ?? '';
  switch (name) {
    case 'discover':
      return { task: 'discover', addresses: addressesIn(value, settings) };
    case 'info':
      return { task: 'info', address: addressOf(given, name) };
    case 'sendcmd':
      return { task: 'send', address: addressOf(given, name), ...commandIn(value, given) };
    case 'decode':
      return { task: 'decode', packet: packetIn(value) };
    case 'extract-tokens':
      return { task: 'tokens', path: value };
    case 'provision':
      return { task: 'provision', address: addressOf(given, name), ssid: value };
    default:
      return { task: 'version' };
  }
}

/** Blank: all. */
function addressesIn(value: string, { port }: Pick<Settings, 'port'>): string {
  if (value.trim().toLowerCase() !== 'all') return value;
  if (port !== undefined) throw new UsageError('portOfAll');
  return '';
}

function addressOf(given: Given, task: Switch): string {
  const address = given.get('ip')?.trim();
  if (!address) throw new UsageError('addressMissing', { task: `--${task}` });
  return address;
}

/** `{"method":"...","params":[...]}`; an id in it is not used, since every packet needs a fresh one. */
function commandIn(json: string, given: Given): { method: string; params: unknown } {
  const command = parseJson(json);
  if (!isRecord(command) || typeof command.method !== 'string' || command.method.trim() === '') {
    throw new UsageError('commandWithoutMethod');
  }
  const { method, params = [] } = command;
  if (typeof params !== 'object' || params === null) throw new UsageError('paramsInvalid');
  if (isDestructive(method) && !given.has('allow-destructive')) {
    throw new UsageError('destructive', { method });
  }
  return { method, params };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    const offset = jsonFault(json);
    const character = String.fromCodePoint(json.codePointAt(offset) ?? 0);
    if (offset === json.length) throw new UsageError('jsonUnfinished');
    throw new UsageError('jsonInvalid', { position: offset + 1, character });
  }
}

function packetIn(text: string): Buffer {
  const digits = text.replace(/^0x/i, '').replace(/[\s:]/g, '');
  if (!/^([0-9a-f]{2})+$/i.test(digits)) throw new UsageError('hexInvalid');
  return Buffer.from(digits, 'hex');
}

function settingsOf(given: Given): Omit<Settings, 'token'> {
  return {
    bindAddress: given.get('bindip') ?? '',
    port: numberOf(given, 'port', 1, 65_535),
    timeoutMs: numberOf(given, 'timeout', 1, 2 ** 31 - 1),
    retries: numberOf(given, 'retries', 0, 1_000),
    debug: given.has('debug'),
    json: given.has('json'),
    showToken: given.has('show-token'),
    yes: given.has('yes'),
  };
}

/** The environment's may be meant for other runs of the program: it is read only where a token is used. */
function tokenOf(task: Task, given: Given, env: NodeJS.Dict<string>): string {
  const typed = given.get('token');
  if (typed === undefined) return usesToken(task) ? readToken(env.MIIO_TOKEN, 'MIIO_TOKEN') : '';
  const token = readToken(typed, '--token');
  if (task.task === 'discover' && !isOneAddress(task.addresses)) throw new UsageError('tokenOfMany');
  return token;
}

function readToken(token = '', source: string): string {
  return token.trim() === '' ? '' : parseToken(token, source).toString('hex');
}

function usesToken(task: Task): boolean {
  switch (task.task) {
    case 'discover':
      return isOneAddress(task.addresses);
    case 'decode':
      // A hello and its answer are a header, in which nothing is sealed.
      return task.packet.length > HEADER_BYTES;
    case 'info':
    case 'send':
    case 'provision':
      return true;
    default:
      return false;
  }
}

/** Neither a network nor its broadcast address, where many devices answer. */
function isOneAddress(addresses: string): boolean {
  const [word = '', another] = addresses.split(/[\s,;]+/).filter((each) => each !== '');
  return word !== '' && another === undefined && !/\/|\.255(:|$)/.test(word);
}

function numberOf(given: Given, name: Switch, least: number, most: number): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError('numberInvalid', { name: `--${name}`, least, most, value: text });
  }
  return value;
}
