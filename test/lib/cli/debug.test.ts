/** `--debug`: what passes, in words and bytes, on stderr; and what is never in it. */
import assert from 'node:assert/strict';
import { describe as describePacket } from '../../../lib/cli/debug';
import { DONE } from '../../../lib/cli/exit-codes';
import { deriveKeys } from '../../../lib/miio/packet';
import { encodePacket, tokenBytes } from '../../simulators/home/wire';
import { at, useHome } from './home';
import { miioCli } from './program';

const HELLO = `21310020${'ff'.repeat(28)}`;

describe('miio-cli --debug', () => {
  const home = useHome({ provisioning: { answer: 'list' } });

  it('tells hello, command and answer, each with its bytes, and leaves stdout alone', async () => {
    const { lamp } = home;
    const argv = [...at(lamp), '--sendcmd', '{"method":"get_prop","params":["power"]}', '--debug'];
    const { exitCode, stdout, stderr } = await miioCli(argv, { env: { MIIO_TOKEN: lamp.token } });
    assert.deepEqual([exitCode, stdout], [DONE, '["off"]\n']);
    const peer = `127.0.0.1:${lamp.port}`;
    const lines = stderr.trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 2), [`> ${peer}  hello`, `  ${HELLO}`]);
    assert.match(stderr, new RegExp(`^< ${peer}  did 100000001 stamp 1000 answer to a hello$`, 'm'));
    assert.match(stderr, /^ {2}21310020[0-9a-f]{24}\*{32}$/m);
    assert.match(
      stderr,
      new RegExp(`^> ${peer}  did 100000001 .*"method":"get_prop","params":\\["power"\\]`, 'm'),
    );
    assert.match(stderr, new RegExp(`^< ${peer}  did 100000001 .*"result":\\["off"\\]`, 'm'));
    assert.match(stderr, /^ {2}2131[0-9a-f]{92,}$/m);
  });

  for (const [what, ...task] of [
    ['a command', '--sendcmd', '{"method":"get_prop","params":["power"]}'],
    ['the question who it is', '--info'],
  ] as const) {
    it(`explains ${what} with the token that the device discloses, and does not tell it`, async () => {
      const { lamp } = home;
      const { exitCode, stderr } = await miioCli([...at(lamp), ...task, '--debug']);
      assert.equal(exitCode, DONE);
      const packets = stderr.split('\n').filter((line) => /^[<>] .* did /.test(line));
      const explained = packets.filter((line) => /"method":|"result":|answer to a hello/.test(line));
      assert.ok(packets.some((line) => line.includes('"result":')));
      assert.deepEqual(explained, packets);
      assert.doesNotMatch(stderr, new RegExp(lamp.token, 'i'));
    });
  }

  it('explains with the disclosed token what another one that was given does not open', async () => {
    const { address, port } = home.lamp;
    const env = { MIIO_TOKEN: '00112233445566778899aabbccddeeff' };
    const argv = ['--discover', `${address}:${port}`, '--timeout', '400', '--debug'];
    const { stderr } = await miioCli(argv, { env });
    assert.match(stderr, /"method":"miIO\.info"/);
  });

  it('tells of a search, and no token that is disclosed to it', async () => {
    const { address, port, token } = home.lamp;
    const { stderr } = await miioCli(['--discover', `${address}:${port}`, '--debug', '--timeout', '300']);
    assert.match(stderr, /answer to a hello/);
    assert.doesNotMatch(stderr, new RegExp(token, 'i'));
  });

  it('tells neither the token in an answer nor a password in a command, not even by their bytes', async () => {
    const { lamp } = home;
    const { token } = lamp;
    const env = { MIIO_TOKEN: token, MIIO_WIFI_PASSWORD: 'geheimer Schlüssel' };
    const { stderr } = await miioCli([...at(lamp), '--provision', 'home', '--yes', '--debug'], { env });
    assert.match(stderr, /"passwd":"\*\*\*"/);
    assert.doesNotMatch(stderr, new RegExp(`geheim|${token}`, 'i'));
    const sealed = [...stderr.matchAll(/^ {2}(2131[0-9a-f]{60,})$/gm)].map(([, hex = '']) => hex);
    for (const hex of sealed) {
      const opened = describePacket(Buffer.from(hex, 'hex'), [deriveKeys(tokenBytes(token))]);
      assert.doesNotMatch(opened.words, /\*\*\*/, 'bytes of what was hidden');
    }
  });

  it('shows no bytes of what it cannot look into', () => {
    const token = tokenBytes('b31c928032e6a4afc898c5c8768a518f');
    const sealed = encodePacket({ did: 7n, stamp: 1, token }, '{"passwd":"geheim"}');
    assert.deepEqual(describePacket(sealed, []), { words: 'did 7 stamp 1 sealed, 64 bytes' });
  });

  it('says that no token fits, and shows no bytes of what may hold a secret', () => {
    const [right, wrong] = ['b31c928032e6a4afc898c5c8768a518f', '00112233445566778899aabbccddeeff'].map(
      tokenBytes,
    );
    assert.ok(right && wrong);
    const sealed = encodePacket({ did: 7n, stamp: 1, token: right }, '{"passwd":"geheim"}');
    const { words, bytes } = describePacket(sealed, [deriveKeys(wrong)]);
    assert.match(words, /^did 7 stamp 1 .*another token/);
    assert.equal(bytes, undefined);
    const keys = [deriveKeys(wrong), deriveKeys(right)];
    assert.equal(describePacket(sealed, keys).words, 'did 7 stamp 1 {"passwd":"***"}');
  });

  it('hides the token of the command line under whatever name it comes', () => {
    const hex = 'b31c928032e6a4afc898c5c8768a518f';
    const sealed = encodePacket({ did: 7n, stamp: 1, token: tokenBytes(hex) }, `{"result":["${hex}"]}`);
    const { words, bytes } = describePacket(sealed, [deriveKeys(tokenBytes(hex))]);
    assert.equal(words, 'did 7 stamp 1 {"result":["***"]}');
    assert.equal(bytes, undefined);
  });

  it('shows only the head of what is no packet, for it may be a hello reply gone wrong', () => {
    const { words, bytes } = describePacket(Buffer.from(`2131ffff${'ab'.repeat(28)}`, 'hex'), []);
    assert.match(words, /length field/);
    assert.equal(bytes, `2131ffff${'ab'.repeat(12)}…`);
    assert.equal(describePacket(Buffer.from('2131', 'hex'), []).bytes, '2131');
  });
});
