/** `--sendcmd`: the result on stdout, and an exit code for each kind of failure. */
import assert from 'node:assert/strict';
import { CODES, DONE } from '../../../lib/cli/exit-codes';
import { at, useHome } from './home';
import { json, miioCli } from './program';

const WRONG_TOKEN = '00112233445566778899aabbccddeeff';

describe('miio-cli --sendcmd', () => {
  const home = useHome({
    methods: { hostile: () => '\u001b[2J\u009b1m', scold: scold, empty: () => undefined },
  });
  const send = (command: object, ...more: string[]) =>
    miioCli([...at(home.lamp), '--sendcmd', JSON.stringify(command), ...more], {
      env: { MIIO_TOKEN: home.lamp.token },
    });

  it('prints the result, and only that, as one line of JSON', async () => {
    const ended = await send({ id: 1, method: 'get_prop', params: ['power', 'bright'] });
    assert.deepEqual(ended, { exitCode: DONE, stdout: '["off",80]\n', stderr: '' });
    const pretty = await send({ method: 'get_prop', params: ['power'] }, '--json');
    assert.deepEqual(json(pretty), ['off']);
  });

  it('does what it is told, with an id of its own', async () => {
    assert.equal((await send({ id: 1, method: 'set_power', params: ['on'] })).exitCode, DONE);
    assert.equal(home.lamp.get('power'), 'on');
    assert.notEqual(home.lamp.received[0]?.id, 1);
  });

  it('needs no token where the device discloses it, and says so where it is hidden', async () => {
    const command = ['--sendcmd', '{"method":"get_prop","params":["power"]}'];
    assert.equal((await miioCli([...at(home.lamp), ...command])).stdout, '["off"]\n');
    const hidden = await miioCli([...at(home.plug), ...command]);
    assert.deepEqual([hidden.exitCode, hidden.stdout], [CODES.CONFIG, '']);
    assert.match(hidden.stderr, /127\.0\.0\.1 hides its token: give it in MIIO_TOKEN/);
    assert.deepEqual(home.plug.received, []);
  });

  it('sends what may destroy only when it is allowed', async () => {
    const refused = await send({ method: 'miIO.reboot' });
    assert.equal(refused.exitCode, CODES.CONFIG);
    assert.match(refused.stderr, /miIO\.reboot was not sent.*--allow-destructive/);
    assert.deepEqual(home.lamp.received, []);
    assert.equal((await send({ method: 'miIO.reboot' }, '--allow-destructive')).exitCode, DONE);
    assert.equal(home.lamp.executed[0]?.method, 'miIO.reboot');
  });

  it('steers no terminal, neither by a result nor by a refusal', async () => {
    assert.equal((await send({ method: 'hostile' })).stdout, '"\\u001b[2J\\u009b1m"\n');
    const { exitCode, stderr } = await send({ method: 'scold' });
    assert.equal(exitCode, CODES.DEVICE);
    assert.match(stderr, /-42/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(stderr.trimEnd(), /[\u0000-\u001f\u007f-\u009f]/);
  });

  const failures: [string, keyof typeof CODES, () => void, string[]][] = [
    ['a method that does not exist', 'DEVICE', () => undefined, ['{"method":"fly"}']],
    ['silence', 'TIMEOUT', () => Object.assign(home.lamp.faults, { silent: true }), []],
    ['a wrong token', 'AUTH', () => home.lamp.resetToken(WRONG_TOKEN), []],
    ['an answer that is no JSON', 'CODEC', () => Object.assign(home.lamp.faults, { corrupt: 'json' }), []],
  ];
  for (const [what, code, arrange, [command = '{"method":"get_prop"}']] of failures) {
    it(`ends with ${CODES[code]} after ${what}, and nothing on stdout`, async () => {
      const { token } = home.lamp;
      arrange();
      const argv = [...at(home.lamp), '--sendcmd', command, '--timeout', '900'];
      const { exitCode, stdout, stderr } = await miioCli(argv, { env: { MIIO_TOKEN: token } });
      assert.deepEqual([exitCode, stdout], [CODES[code], ''], stderr);
      assert.match(stderr, /^127\.0\.0\.1 .+\n$/);
      assert.ok(!stderr.includes(token));
    });
  }

  it(`ends with ${CODES.TRANSPORT} where no address is`, async () => {
    const argv = ['--ip', 'nowhere.invalid', '--sendcmd', '{"method":"m"}', '--timeout', '900'];
    const { exitCode } = await miioCli(argv, { env: { MIIO_TOKEN: WRONG_TOKEN } });
    assert.equal(exitCode, CODES.TRANSPORT);
  });

  it('is ended by Ctrl-C while it waits', async () => {
    home.lamp.faults.silent = true;
    const interrupted = new AbortController();
    const ending = miioCli([...at(home.lamp), '--sendcmd', '{"method":"m"}'], {
      env: { MIIO_TOKEN: home.lamp.token },
      signal: interrupted.signal,
    });
    setImmediate(() => interrupted.abort());
    assert.deepEqual(await ending, { exitCode: CODES.CANCELLED, stdout: '', stderr: 'interrupted\n' });
  });
});

function scold(): never {
  throw { code: -42, message: '\u001b]0;owned\u0007\u009b31m no' };
}
