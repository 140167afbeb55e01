/** The command line: what it asks for, and every way to get it wrong. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseArguments, SWITCHES } from '../../../lib/cli/arguments';
import { type TextKey, UsageError } from '../../../lib/cli/texts';
import { MialinkError } from '../../../lib/errors';

const TOKEN = 'b31c928032e6a4afc898c5c8768a518f';
const taskOf = (...argv: string[]) => parseArguments(argv, { MIIO_TOKEN: TOKEN }).task;
const settingsOf = (...argv: string[]) => parseArguments(['--discover', 'all', ...argv], {}).settings;

function misused(key: TextKey, text: RegExp, ...argv: string[]): void {
  assert.throws(
    () => taskOf(...argv),
    (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.equal(error.key, key);
      assert.match(error.message, text);
      assert.doesNotMatch(error.message, /__\w+__/);
      return true;
    },
  );
}

describe('the command line', () => {
  it('understands every example of document 001 that is JSON', () => {
    assert.deepEqual(taskOf('--discover', 'all'), { task: 'discover', addresses: '' });
    const bound = parseArguments(['--discover', 'all', '--bindip', '192.168.1.10'], {});
    assert.equal(bound.settings.bindAddress, '192.168.1.10');
    const one = parseArguments(['--discover', '192.168.1.45', '--debug'], {});
    assert.deepEqual(one.task, { task: 'discover', addresses: '192.168.1.45' });
    assert.equal(one.settings.debug, true);
    assert.deepEqual(taskOf('--ip', '192.168.1.45', '--info'), { task: 'info', address: '192.168.1.45' });
    assert.deepEqual(
      taskOf('--ip', '192.168.1.47', '--sendcmd', '{"id":1,"method":"get_prop","params":["power"]}'),
      { task: 'send', address: '192.168.1.47', method: 'get_prop', params: ['power'] },
    );
    const decode = parseArguments(['--token', TOKEN, '--decode', '21310040'], {});
    assert.deepEqual(decode.task, { task: 'decode', packet: Buffer.from('21310040', 'hex') });
    assert.equal(decode.settings.token, TOKEN);
  });

  it('says where the JSON of its broken example breaks, and repeats nothing else of it', () => {
    const command = '{"method":"toggle",,"params":["geheim"],"id":1}';
    misused('jsonInvalid', /^(?!.*geheim).*character 20 is “,”/, '--ip', 'x', '--sendcmd', command);
    misused('jsonInvalid', /character 2 is “m”.*single quotes/, '--ip', 'x', '--sendcmd', '{method:toggle}');
    misused('jsonUnfinished', /too early/, '--ip', 'x', '--sendcmd', '{"method":"toggle"');
  });

  it('takes no params for an empty list, and an object as it is', () => {
    const send = (command: string) => taskOf('--ip', 'lamp', '--sendcmd', command);
    assert.deepEqual(send('{"method":"toggle"}'), {
      task: 'send',
      address: 'lamp',
      method: 'toggle',
      params: [],
    });
    assert.deepEqual(send('{"method":"m","params":{"a":1}}'), {
      task: 'send',
      address: 'lamp',
      method: 'm',
      params: { a: 1 },
    });
    misused('paramsInvalid', /array or an object/, '--ip', 'x', '--sendcmd', '{"method":"m","params":"on"}');
    misused('paramsInvalid', /array or an object/, '--ip', 'x', '--sendcmd', '{"method":"m","params":null}');
    for (const command of ['[]', '1', '{}', '{"method":1}', '{"method":" "}']) {
      misused('commandWithoutMethod', /"method"/, '--ip', 'x', '--sendcmd', command);
    }
  });

  for (const method of ['miIO.restore', 'miIO.ota', 'miIO.config_router', 'miIO.reboot', ' MIIO.Reboot ']) {
    it(`sends ${method} only with --allow-destructive`, () => {
      const argv = ['--ip', 'x', '--sendcmd', JSON.stringify({ method })];
      misused('destructive', /--allow-destructive/, ...argv);
      assert.equal(taskOf(...argv, '--allow-destructive').task, 'send');
    });
  }

  it('takes the token of the environment, unless one is typed', () => {
    const other = '00112233445566778899aabbccddeeff';
    const settings = (...argv: string[]) =>
      parseArguments(['--ip', 'x', '--info', ...argv], { MIIO_TOKEN: ` ${TOKEN.toUpperCase()}\n` }).settings;
    assert.equal(settings().token, TOKEN);
    assert.equal(settings('--token', other).token, other);
    assert.equal(parseArguments(['--ip', 'x', '--info'], { MIIO_TOKEN: '' }).settings.token, '');
  });

  it('refuses a malformed token at once, says where it came from, and does not repeat it', () => {
    const refused = (source: RegExp) => (error: unknown) =>
      error instanceof MialinkError &&
      error.reason === 'tokenMalformed' &&
      source.test(error.message) &&
      !error.message.includes('b31c');
    assert.throws(() => settingsOf('--token', 'b31c'), refused(/^--token: /));
    assert.throws(
      () => parseArguments(['--discover', '192.168.1.45'], { MIIO_TOKEN: 'b31c' }),
      refused(/^MIIO_TOKEN: /),
    );
    assert.throws(() => taskOf('--version', '--token', 'b31c'), refused(/^--token: /));
  });

  for (const [what, ...argv] of [
    ['the version', '--version'],
    ['the help', '--help'],
    ['a file', '--extract-tokens', 'miio2.db'],
    ['every network', '--discover', 'all'],
    ['a network', '--discover', '192.168.1.0/24'],
    ['a hello', '--decode', `21310020${'ff'.repeat(28)}`],
  ] as const) {
    it(`lets a token of the environment be, good or bad, where it is of no use: ${what}`, () => {
      for (const MIIO_TOKEN of ['b31c', TOKEN]) {
        assert.equal(parseArguments(argv, { MIIO_TOKEN }).settings.token, '');
      }
    });
  }

  it('has one token for one address, and says so where there may be many devices', () => {
    for (const addresses of ['192.168.1.45', ' lamp.lan, ', '192.168.1.45:54321']) {
      assert.equal(
        parseArguments(['--discover', addresses, '--token', TOKEN], {}).settings.token,
        TOKEN,
        addresses,
      );
      assert.equal(
        parseArguments(['--discover', addresses], { MIIO_TOKEN: TOKEN }).settings.token,
        TOKEN,
        addresses,
      );
    }
    for (const addresses of ['all', '192.168.1.0/24', '192.168.1.45,192.168.1.46', '192.168.1.255', 'a b']) {
      misused('tokenOfMany', /one device only.*--discover/, '--discover', addresses, '--token', TOKEN);
    }
  });

  it('wants no token for a command: the device may disclose it', () => {
    const { settings } = parseArguments(['--ip', 'x', '--sendcmd', '{"method":"toggle"}'], {});
    assert.equal(settings.token, '');
  });

  it('wants the address of the device', () => {
    for (const task of [['--info'], ['--sendcmd', '{"method":"m"}'], ['--provision', 'home']]) {
      misused('addressMissing', new RegExp(`^${task[0]} needs .* --ip$`), ...task);
      misused('addressMissing', /--ip$/, ...task, '--ip', ' ');
    }
  });

  it('does one thing at a time', () => {
    misused('taskTwice', /--discover and --info/, '--info', '--discover', 'all');
    misused('taskMissing', /--discover, --info, --sendcmd/, '--ip', 'x');
  });

  it('helps whoever gives nothing, or asks for help among mistakes', () => {
    assert.deepEqual(taskOf(), { task: 'help' });
    assert.deepEqual(taskOf('-h'), { task: 'help' });
    assert.deepEqual(parseArguments(['--help', '--info', '--port', 'x'], { MIIO_TOKEN: '?' }).task, {
      task: 'help',
    });
  });

  it('names the switch that is unknown, twice, without a value or with one too many', () => {
    misused('switchUnknown', /there is no --tokn/, '--tokn', 'x');
    misused('switchUnknown', /there is no -x/, '-x');
    misused('switchUnknown', /there is no --constructor/, '--constructor');
    misused('switchTwice', /--ip is given twice/, '--ip', 'a', '--ip', 'b', '--info');
    misused('valueMissing', /--discover needs a value/, '--discover');
    misused('valueMissing', /--discover needs a value/, '--discover', '--json');
    misused('valueMissing', /--discover needs a value/, '--discover', '--ip=1.2.3.4');
    misused('valueMissing', /--token needs a value/, '--token=', '--info');
    misused('valueUnexpected', /--json takes no value/, '--json=yes', '--info');
    misused('unexpected', /“192\.168\.1\.46”/, '--discover', '192.168.1.45', '192.168.1.46');
    misused('unexpected', /“x”/, '--version', '--', 'x');
  });

  it('takes a Wi-Fi whose name begins with dashes', () => {
    assert.deepEqual(taskOf('--ip', 'x', '--provision=--json'), {
      task: 'provision',
      address: 'x',
      ssid: '--json',
    });
  });

  it('takes numbers within their limits only', () => {
    const { port, timeoutMs, retries } = parseArguments(
      ['--discover', '10.0.0.1', '--port', '65535', '--timeout', '2147483647', '--retries', '0'],
      {},
    ).settings;
    assert.deepEqual([port, timeoutMs, retries], [65_535, 2 ** 31 - 1, 0]);
    for (const [name, value] of [
      ['port', '0'],
      ['port', '65536'],
      ['port', '1.5'],
      ['timeout', '0'],
      ['timeout', '1e3'],
      ['timeout', '2147483648'],
      ['retries', '0x10'],
      ['retries', ' '],
    ] as const) {
      misused(
        'numberInvalid',
        new RegExp(`^--${name} must be .*not ${value}$`),
        '--info',
        `--${name}`,
        value,
      );
    }
  });

  it('has no port for everybody', () => {
    misused('portOfAll', /54321 only/, '--discover', 'ALL', '--port', '1');
  });

  it('reads a packet as tools print it', () => {
    const packet = Buffer.from('2131ff', 'hex');
    for (const text of ['2131ff', '2131FF', '0x2131ff', '21 31 ff', '21:31:ff\n']) {
      assert.deepEqual(taskOf('--decode', text), { task: 'decode', packet }, text);
    }
    for (const text of ['2131f', '2131...be', 'hello', '0x'])
      misused('hexInvalid', /two for each/, '--decode', text);
  });

  it('fails in its own words, whatever is typed', () => {
    const word = fc.oneof(
      fc.constantFrom(...Object.keys(SWITCHES).map((name) => `--${name}`)),
      fc.string(),
      fc.json(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        try {
          parseArguments(argv, {});
        } catch (error) {
          assert.ok(error instanceof UsageError || error instanceof MialinkError, String(error));
        }
      }),
    );
  });
});
