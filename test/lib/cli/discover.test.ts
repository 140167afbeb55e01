/** `--discover` and `--info`, with real devices on loopback. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { CODES, DONE, NOTHING_FOUND } from '../../../lib/cli/exit-codes';
import type { SimulatedDevice } from '../../simulators/home';
import { at, useHome } from './home';
import { json, list, miioCli, record } from './program';

const QUICK = ['--timeout', '400'];
const WRONG_TOKEN = '00112233445566778899aabbccddeeff';

const searchOf = ({ address, port }: SimulatedDevice) => ['--discover', `${address}:${port}`, ...QUICK];

/** The model is asked for with a disclosed token, and may come too late for a short search. */
const withoutModel = (devices: unknown) =>
  Array.isArray(devices) ? devices.map(({ model: _, ...device }) => device) : devices;

describe('miio-cli --discover', () => {
  const home = useHome();
  const both = () => [home.lamp, home.plug].map(({ address, port }) => `${address}:${port}`).join(',');

  it('shows a table in which a disclosed token is kept out of sight', async () => {
    const { exitCode, stdout, stderr } = await miioCli(['--discover', both(), ...QUICK]);
    assert.equal(exitCode, DONE);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    assert.match(head ?? '', /^ADDRESS +ID +(MODEL +)?TOKEN$/);
    const [first = '', second = '', ...more] = rows.sort();
    assert.match(first, /^127\.0\.0\.1 {2}100000001 .*disclosed$/);
    assert.match(second, /^127\.0\.0\.1 {2}300000003 .*hidden$/);
    assert.deepEqual(more, []);
    assert.equal(stderr, '');
  });

  it('shows it with --show-token', async () => {
    const { stdout } = await miioCli(['--discover', both(), '--show-token', ...QUICK]);
    assert.match(stdout, new RegExp(`100000001 .*${home.lamp.token}$`, 'm'));
    assert.match(stdout, /300000003 .*hidden$/m);
  });

  it('gives one JSON document with --json, without the token unless it is asked for', async () => {
    const { address, port, token } = home.lamp;
    const argv = ['--discover', address, '--port', String(port), '--json', ...QUICK];
    const known = { address, port, deviceId: '100000001', stamp: 1000, tokenDisclosed: true };
    assert.deepEqual(withoutModel(json(await miioCli(argv))), [known]);
    assert.deepEqual(withoutModel(json(await miioCli([...argv, '--show-token']))), [{ ...known, token }]);
  });

  it('asks the device at one address for its model with the token that is given', async () => {
    const { token } = home.plug;
    for (const ended of [
      await miioCli([...searchOf(home.plug), '--json', '--token', token]),
      await miioCli([...searchOf(home.plug), '--json', '--show-token'], { env: { MIIO_TOKEN: token } }),
    ]) {
      assert.deepEqual([ended.exitCode, ended.stderr], [DONE, '']);
      const [found, ...others] = list(json(ended));
      const { deviceId, model, tokenDisclosed } = record(found);
      assert.deepEqual([deviceId, model, tokenDisclosed], ['300000003', 'chuangmi.plug.v3', false]);
      assert.deepEqual(others, []);
      assert.doesNotMatch(ended.stdout, new RegExp(token, 'i'));
    }
    const { stdout } = await miioCli([...searchOf(home.plug), '--token', token]);
    assert.match(stdout, /^127\.0\.0\.1 .*chuangmi\.plug\.v3 +hidden$/m);
  });

  it('finds it with a wrong token, too, and says what is wrong', async () => {
    const ended = await miioCli([...searchOf(home.plug), '--json'], { env: { MIIO_TOKEN: WRONG_TOKEN } });
    assert.equal(ended.exitCode, DONE);
    assert.deepEqual(
      list(json(ended)).map((found) => record(found).deviceId),
      ['300000003'],
    );
    assert.match(ended.stderr, /^127\.0\.0\.1 .*token/);
  });

  it('is ended by Ctrl-C while it asks for the model', async () => {
    const { plug } = home;
    plug.faults.silentCommands = true;
    const interrupted = new AbortController();
    const argv = ['--discover', plug.address, '--port', String(plug.port), '--timeout', '2000'];
    const ending = miioCli(argv, { env: { MIIO_TOKEN: plug.token }, signal: interrupted.signal });
    while (plug.received.length === 0) await setTimeout(5);
    interrupted.abort();
    assert.deepEqual(await ending, { exitCode: CODES.CANCELLED, stdout: '', stderr: 'interrupted\n' });
  });

  it('prints nothing on stdout when nobody answers, and says what to try', async () => {
    home.lamp.faults.silent = true;
    const { address, port } = home.lamp;
    const { exitCode, stdout, stderr } = await miioCli(['--discover', `${address}:${port}`, ...QUICK]);
    assert.equal(exitCode, NOTHING_FOUND);
    assert.equal(stdout, '');
    assert.match(stderr, /^no device answered; .*--bindip.*\n$/);
  });

  it('gives an empty list with --json when nobody answers', async () => {
    home.lamp.faults.silent = true;
    const { address, port } = home.lamp;
    const ended = await miioCli(['--discover', `${address}:${port}`, '--json', ...QUICK]);
    assert.deepEqual([ended.exitCode, json(ended)], [NOTHING_FOUND, []]);
  });

  it('tells a wrong address, and an unknown local one', async () => {
    const wrong = await miioCli(['--discover', '192.168.1.999']);
    assert.deepEqual([wrong.exitCode, wrong.stdout], [CODES.CONFIG, '']);
    assert.match(wrong.stderr, /192\.168\.1\.999/);
    const unbound = await miioCli(['--discover', '127.0.0.1', '--bindip', '203.0.113.7', ...QUICK]);
    assert.equal(unbound.exitCode, CODES.TRANSPORT);
  });

  it('shows a person how it goes, and erases that at the end', async () => {
    const { stdout, stderr } = await miioCli(['--discover', both(), ...QUICK], { typed: [] });
    assert.match(stderr, /searching: 1 found, 0\.\d s left/);
    assert.match(stderr, /searching: 2 found/);
    assert.ok(stderr.endsWith('\r\u001b[K'), 'the line is erased');
    assert.match(stdout, /disclosed/);
  });

  it('is ended by Ctrl-C', async () => {
    const interrupted = new AbortController();
    const ending = miioCli(['--discover', both(), '--timeout', '60000'], { signal: interrupted.signal });
    interrupted.abort();
    assert.deepEqual(await ending, { exitCode: CODES.CANCELLED, stdout: '', stderr: 'interrupted\n' });
  });
});

describe('miio-cli --info', () => {
  const home = useHome();

  it('tells what hello tells of a device that hides its token, as soon as it answers', async () => {
    const startedAt = performance.now();
    const { exitCode, stdout } = await miioCli([...at(home.plug), '--info', '--timeout', '15000']);
    assert.equal(exitCode, DONE);
    assert.match(stdout, /^address +127\.0\.0\.1$/m);
    assert.match(stdout, /^deviceId +300000003$/m);
    assert.match(stdout, /^tokenDisclosed +false$/m);
    assert.ok(performance.now() - startedAt < 10_000);
  });

  it('asks a device that discloses its token, which is not shown', async () => {
    const { exitCode, stdout } = await miioCli([...at(home.lamp), '--info']);
    assert.equal(exitCode, DONE);
    assert.match(stdout, /^model +yeelink\.light\.lamp1$/m);
    assert.doesNotMatch(stdout, new RegExp(home.lamp.token));
  });

  it('tells what the device says of itself with the token, which is not in it', async () => {
    const env = { MIIO_TOKEN: home.lamp.token };
    const table = await miioCli([...at(home.lamp), '--info'], { env });
    assert.match(table.stdout, /^model +yeelink\.light\.lamp1$/m);
    const ended = await miioCli([...at(home.lamp), '--info', '--json'], { env });
    const info = json(ended);
    assert.ok(typeof info === 'object' && info !== null && 'model' in info && 'deviceId' in info);
    assert.deepEqual([info.model, info.deviceId], ['yeelink.light.lamp1', '100000001']);
    assert.doesNotMatch(table.stdout + ended.stdout, new RegExp(home.lamp.token, 'i'));
  });

  it('tells all that a search tells of the device, too, with its token only if it is asked for', async () => {
    const { address, port, token } = home.lamp;
    for (const env of [{}, { MIIO_TOKEN: token }]) {
      const argv = [...at(home.lamp), '--info', '--json'];
      const hidden = record(json(await miioCli(argv, { env })));
      const { deviceId, tokenDisclosed, model } = hidden;
      assert.deepEqual([hidden.address, hidden.port, typeof hidden.stamp], [address, port, 'number']);
      assert.deepEqual([deviceId, tokenDisclosed, model], ['100000001', true, 'yeelink.light.lamp1']);
      assert.ok(!('token' in hidden));
      const shown = record(json(await miioCli([...argv, '--show-token'], { env })));
      assert.deepEqual([shown.token, shown.model], [token, 'yeelink.light.lamp1']);
    }
    const { stdout } = await miioCli([...at(home.lamp), '--info', '--show-token']);
    assert.match(stdout, new RegExp(`^token +${token}$`, 'm'));
  });

  it('shows no token that the device hides, even with --show-token', async () => {
    const { plug } = home;
    const argv = [...at(plug), '--info', '--json', '--show-token'];
    const info = record(json(await miioCli(argv, { env: { MIIO_TOKEN: plug.token } })));
    assert.deepEqual([info.model, info.tokenDisclosed, 'token' in info], ['chuangmi.plug.v3', false, false]);
  });

  it('says that nobody answered', async () => {
    home.lamp.faults.silent = true;
    const { exitCode, stdout, stderr } = await miioCli([...at(home.lamp), '--info', ...QUICK]);
    assert.deepEqual([exitCode, stdout], [NOTHING_FOUND, '']);
    assert.match(stderr, /^no device answered/);
  });

  it('tells the likely cause where a token is given', async () => {
    const { lamp } = home;
    lamp.faults.silent = true;
    const argv = [...at(lamp), '--info', '--token', lamp.token, ...QUICK];
    const { exitCode, stderr } = await miioCli(argv);
    assert.equal(exitCode, CODES.TIMEOUT);
    assert.match(stderr, /did not answer/);
  });
});
