/** The one error class: its code, its text with every blank filled in, and the reasons' table. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MialinkError, messageOf } from '../../lib/errors';
import texts from '../../lib/locales/en-US.json';
import { type Reason, reasons } from '../../lib/reasons';

const CODES = ['CONFIG', 'TRANSPORT', 'TIMEOUT', 'AUTH', 'CODEC', 'DEVICE', 'CANCELLED'];
const ROOT = path.resolve(__dirname, '../..');

describe('a MialinkError', () => {
  it('has the code of its reason and a text with the values filled in', () => {
    const error = new MialinkError('otherDevice', { device: 'Lamp', found: '7', deviceId: '42' });
    assert.equal(error.code, 'CONFIG');
    assert.equal(error.reason, 'otherDevice');
    assert.equal(
      error.message,
      'Lamp: the device at this address has the id 7, not 42; check the address or the device id',
    );
    assert.ok(error instanceof Error);
  });

  it('keeps cause and peer, and shows no cause when there is none', () => {
    const cause = new Error('ENETDOWN');
    const peer = { code: -5001, message: 'invalid_arg' };
    const error = new MialinkError('deviceRefused', {}, { cause, peer });
    assert.equal(error.cause, cause);
    assert.deepEqual(error.peer, peer);
    assert.ok(!('cause' in new MialinkError('closed', { device: 'Lamp' })));
  });

  it('fills a value in as it is, whatever is in it', () => {
    const device = "$& $1 $' __method__ 0";
    const error = new MialinkError('methodMissing', { device });
    assert.ok(error.message.startsWith(`${device}: the method is missing`));
    assert.match(new MialinkError('portInvalid', { device: 'Lamp', port: 0 }).message, /not 0$/);
  });

  it('says it more exactly in a context that has a text of its own', () => {
    const values = { device: 'Lamp', method: 'toggle', answer: '-30012 busy.' };
    const textIn = (context: string) => new MialinkError('deviceRefused', { ...values, context }).message;
    assert.match(textIn('busy'), /^Lamp refused toggle: -30012 busy\. \(it is busy; try again later/);
    assert.equal(textIn('another'), 'Lamp refused toggle: -30012 busy.');
  });

  it('leaves a blank visible for which there is no value', () => {
    assert.match(new MialinkError('portInvalid', { device: 'Lamp' }).message, /not __port__$/);
  });

  it('is made from anything thrown', () => {
    assert.equal(messageOf(new Error('broken')), 'broken');
    assert.equal(messageOf('broken'), 'broken');
    assert.equal(messageOf(undefined), 'undefined');
  });

  it('is made from an error without words, too', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:443'), { code: 'ECONNREFUSED' });
    assert.equal(messageOf(new AggregateError([refused, new Error('another')])), refused.message);
    assert.equal(messageOf(new AggregateError([new AggregateError([])])), 'AggregateError');
    assert.equal(messageOf(Object.assign(new Error(''), { code: 'EPIPE' })), 'EPIPE');
    assert.equal(messageOf(new TypeError('')), 'TypeError');
  });
});

describe('the table of reasons', () => {
  it('has a code of the contract and a text for each', () => {
    for (const [key, text] of Object.entries(texts)) {
      const [reason = ''] = key.split('_');
      assert.ok(CODES.includes(reasons[reason as Reason]), key);
      assert.ok(text.length > 20 && !text.endsWith('.'), key);
      assert.doesNotMatch(text, /__(token|password|secret|deviceSecret|productSecret|url)__/i, key);
    }
  });

  it('is given every value that a text needs, wherever lib or a node writes the values out', () => {
    let checked = 0;
    for (const { file, reason, names } of writtenOutCalls()) {
      const missing = blanksOf(reason).filter((blank) => !names.includes(blank));
      assert.deepEqual(missing, [], `${file}: ${reason}`);
      checked++;
    }
    assert.ok(checked >= 15, `${checked} calls were found`);
  });
});

function blanksOf(reason: string): string[] {
  const entry = Object.entries(texts).find(([name]) => name === reason);
  assert.ok(entry, `${reason} is no reason`);
  return [...entry[1].matchAll(/__(\w+)__/g)].flatMap(([, name]) => name ?? []);
}

/** Every `new MialinkError('reason', { a, b: c })` whose values are all names, none of them spread in. */
function writtenOutCalls(): { file: string; reason: string; names: string[] }[] {
  const call = /new MialinkError\(\s*'(\w+)',\s*\{([^{}]*)\}/g;
  return sources().flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(call)].flatMap(([, reason = '', values = '']) =>
      values.includes('...') ? [] : [{ file, reason, names: namesIn(values) }],
    ),
  );
}

/** The keys of an object literal's inside; commas inside brackets do not part them. */
function namesIn(values: string): string[] {
  const flat = values.replace(/\([^()]*\)/g, '').replace(/`[^`]*`|'[^']*'/g, '');
  return flat.split(',').flatMap((part) => /^\s*(\w+)\s*(?::|$)/.exec(part)?.[1] ?? []);
}

function sources(): string[] {
  return ['lib', 'nodes'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => path.join(folder, file)),
  );
}
