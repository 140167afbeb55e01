/** `--discover` and `--info`, with real devices on loopback. */
import assert from 'node:assert/strict';
import { CODES, DONE, NOTHING_FOUND } from '../../../lib/cli/exit-codes';
import { at, useHome } from './home';
import { json, miioCli } from './program';

const QUICK = ['--timeout', '400'];

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
    const list = await miioCli([...at(home.lamp), '--info'], { env });
    assert.match(list.stdout, /^model +yeelink\.light\.lamp1$/m);
    const ended = await miioCli([...at(home.lamp), '--info', '--json'], { env });
    const info = json(ended);
    assert.ok(typeof info === 'object' && info !== null && 'model' in info && 'deviceId' in info);
    assert.deepEqual([info.model, info.deviceId], ['yeelink.light.lamp1', '100000001']);
    assert.doesNotMatch(list.stdout + ended.stdout, /token/i);
  });

  it('says that nobody answered', async () => {
    home.lamp.faults.silent = true;
    const { exitCode, stdout, stderr } = await miioCli([...at(home.lamp), '--info', ...QUICK]);
    assert.deepEqual([exitCode, stdout], [NOTHING_FOUND, '']);
    assert.match(stderr, /^no device answered/);
  });
});
