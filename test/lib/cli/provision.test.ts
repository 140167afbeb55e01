/** `--provision`: the warning, the questions, and what the device gets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { CODES, DONE, NOTHING_FOUND } from '../../../lib/cli/exit-codes';
import { at, useHome } from './home';
import { type Circumstances, json, miioCli } from './program';

const PASSWORD = '0x1234567 geheim';
const NEW_TOKEN = '00112233445566778899aabbccddeeff';

describe('miio-cli --provision', () => {
  const home = useHome({ provisioning: { answer: 'list', newToken: NEW_TOKEN } });
  const provision = (circumstances: Circumstances, ...more: string[]) =>
    miioCli([...at(home.lamp), '--provision', 'my home', ...more], circumstances);
  const wasProvisioned = () => home.lamp.executed.some(({ method }) => method === 'miIO.config_router');

  it('asks, warns that the token changes, and shows no password', async () => {
    const provisioned = once(home.lamp, 'provisioned');
    const { exitCode, stdout, stderr } = await provision({ typed: ['yes', PASSWORD] });
    assert.equal(exitCode, DONE);
    assert.deepEqual(await provisioned, [{ ssid: 'my home', passwd: PASSWORD, uid: 0 }]);
    assert.match(stderr, /“my home”.*token changes/);
    assert.match(stdout, /took the settings.*100000001 with --discover all/);
    assert.doesNotMatch(stdout + stderr, /geheim/);
  });

  it('sends nothing to whom the person does not agree', async () => {
    for (const answer of ['no', '', 'y']) {
      const { exitCode, stdout, stderr } = await provision({ typed: [answer] });
      assert.deepEqual([exitCode, stdout], [CODES.CANCELLED, '']);
      assert.match(stderr, /nothing was sent\n$/);
    }
    assert.ok(!wasProvisioned());
  });

  it('sends nothing when the person ends the input instead', async () => {
    for (const typed of [[], ['yes']]) {
      assert.equal((await provision({ typed })).exitCode, CODES.CANCELLED);
    }
    assert.ok(!wasProvisioned());
  });

  it('asks nobody with --yes and the password in the environment', async () => {
    const ended = await provision({ env: { MIIO_WIFI_PASSWORD: PASSWORD } }, '--yes', '--json');
    assert.equal(ended.exitCode, DONE);
    assert.deepEqual(json(ended), { outcome: 'accepted', deviceId: '100000001' });
    assert.match(ended.stderr, /token changes/);
    assert.equal(home.lamp.token, NEW_TOKEN);
  });

  it('takes a blank password in the environment for an open network', async () => {
    const provisioned = once(home.lamp, 'provisioned');
    await provision({ env: { MIIO_WIFI_PASSWORD: '' } }, '--yes');
    assert.deepEqual(await provisioned, [{ ssid: 'my home', passwd: '', uid: 0 }]);
  });

  it('says what to use where nobody can be asked', async () => {
    const unasked = await provision({});
    assert.equal(unasked.exitCode, CODES.CONFIG);
    assert.match(unasked.stderr, /use --yes/);
    const without = await provision({}, '--yes');
    assert.equal(without.exitCode, CODES.CONFIG);
    assert.match(without.stderr, /use MIIO_WIFI_PASSWORD/);
    assert.ok(!wasProvisioned());
  });

  it('uses the token that is given, and says when it is wrong', async () => {
    const env = { MIIO_WIFI_PASSWORD: PASSWORD, MIIO_TOKEN: NEW_TOKEN };
    const { exitCode, stderr } = await provision({ env }, '--yes', '--timeout', '900');
    assert.equal(exitCode, CODES.AUTH);
    assert.match(stderr, /token/);
    assert.ok(!wasProvisioned());
  });

  it('says that a device which hides its token is probably not in set-up mode', async () => {
    const env = { MIIO_WIFI_PASSWORD: PASSWORD };
    const { exitCode, stderr } = await miioCli([...at(home.plug), '--provision', 'x', '--yes'], { env });
    assert.equal(exitCode, CODES.CONFIG);
    assert.match(stderr, /hides its token.*set-up mode/);
  });

  it('says that nobody answers', async () => {
    home.lamp.faults.silent = true;
    const { exitCode, stderr } = await provision({ typed: [] }, '--timeout', '300');
    assert.equal(exitCode, NOTHING_FOUND);
    assert.match(stderr, /no device answered/);
  });

  it('refuses a Wi-Fi that cannot be, without its password', async () => {
    const { exitCode, stderr } = await provision({ env: { MIIO_WIFI_PASSWORD: 'geheim' } }, '--yes');
    assert.equal(exitCode, CODES.CONFIG);
    assert.match(stderr, /8 to 63/);
    assert.doesNotMatch(stderr, /geheim/);
  });
});

describe('miio-cli --provision, of a device that leaves before it has answered', () => {
  const home = useHome({ provisioning: { answer: 'lost', newToken: NEW_TOKEN } });

  it('says that it was not heard of, and what to do', async () => {
    const argv = [...at(home.lamp), '--provision', 'my home', '--yes', '--timeout', '900'];
    const { exitCode, stdout } = await miioCli(argv, { env: { MIIO_WIFI_PASSWORD: PASSWORD } });
    assert.equal(exitCode, DONE);
    assert.match(stdout, /not heard of.*100000001 with --discover all/);
  });
});
