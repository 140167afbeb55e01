/** `--decode`, with packets made by other people's implementations. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DONE, NOTHING_FOUND } from '../../../lib/cli/exit-codes';
import { sceneFrame } from '../../../lib/miio/push/scene';
import { encodeHelloReply, encodePacket, tokenBytes } from '../../simulators/home/wire';
import { json, miioCli } from './program';

const TOKEN = 'b31c928032e6a4afc898c5c8768a518f';
const OTHER = '00112233445566778899aabbccddeeff';
const HELLO = `21310020${'ff'.repeat(28)}`;

interface Vector {
  name: string;
  token: string;
  plaintextHex: string;
  packetHex: string;
}
const vectors: { encode: Vector[] } = JSON.parse(
  readFileSync(path.join(__dirname, '../../vectors/miio.json'), 'utf8'),
);

const seal = (plaintext: string, token = TOKEN) =>
  encodePacket({ did: 64715366n, stamp: 1000, token: tokenBytes(token) }, plaintext).toString('hex');
const decode = (hex: string, ...more: string[]) => miioCli(['--decode', hex, ...more]);

describe('miio-cli --decode', () => {
  for (const { name, token, plaintextHex, packetHex } of vectors.encode) {
    it(`opens the captured packet “${name}”`, async () => {
      const ended = await decode(packetHex, '--token', token, '--json', '--show-token');
      const decoded = json(ended);
      assert.ok(typeof decoded === 'object' && decoded !== null && 'plaintext' in decoded);
      assert.equal(decoded.plaintext, Buffer.from(plaintextHex, 'hex').toString('utf8'));
      assert.equal(ended.exitCode, DONE);
    });
  }

  it('tells the header without a token', async () => {
    const { exitCode, stdout } = await decode(seal('{"id":1}'));
    assert.equal(exitCode, DONE);
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      'packet    command or answer',
      'bytes     48',
      'did       64715366',
      'stamp     1000',
      'checksum  not checked without a token',
    ]);
  });

  it('tells the plaintext with the token, and that the checksum is right', async () => {
    const { stdout } = await decode(seal('{"id":1,"method":"toggle"}'), '--token', TOKEN);
    assert.match(stdout, /^checksum +right$/m);
    assert.match(stdout, /^plaintext +\{"id":1,"method":"toggle"\}$/m);
  });

  it('tells that the checksum is wrong with another token', async () => {
    const { exitCode, stdout } = await decode(seal('{"id":1}'), '--token', OTHER);
    assert.equal(exitCode, NOTHING_FOUND);
    assert.match(stdout, /^checksum +wrong$/m);
    assert.match(stdout, /^problem +.*another token/m);
    assert.doesNotMatch(stdout, /plaintext/);
  });

  it('knows a hello and the MDID probe', async () => {
    const probe = `21310020${'ff'.repeat(12)}4d444944${'00'.repeat(12)}`;
    for (const hex of [HELLO, probe]) {
      assert.equal((await decode(hex)).stdout, 'packet  hello\nbytes   32\n');
    }
  });

  it('shows the token of a hello reply only with --show-token', async () => {
    const reply = encodeHelloReply(7n, 1, tokenBytes(TOKEN)).toString('hex');
    assert.match((await decode(reply)).stdout, /^packet +answer to a hello\n(?:.*\n)*token +disclosed$/m);
    assert.match((await decode(reply, '--show-token')).stdout, new RegExp(`^token +${TOKEN}$`, 'm'));
    const hidden = encodeHelloReply(7n, 1, Buffer.alloc(16)).toString('hex');
    assert.match((await decode(hidden, '--show-token')).stdout, /^token +hidden$/m);
  });

  it('hides what is secret in a plaintext, broken or not', async () => {
    for (const plaintext of [
      '{"result":{"token":"geheim","model":"m"}}',
      '{"params":{"ssid":"a","passwd":"geheim"}}',
      '{"result":{"\\u0074oken":"geheim"}}',
      '{"result":{"a":1,,"token":"geheim"}}',
      '{"result":[token "geheim"',
      JSON.stringify({ params: { data: JSON.stringify([['x', [{ token: 'geheim' }]]]) } }),
      JSON.stringify({ data: JSON.stringify({ data: '{"\\u0074oken":"geheim"}' }) }),
      JSON.stringify({ data: JSON.stringify(JSON.stringify({ passwd: 'geheim' })) }),
      JSON.stringify({ data: '{"a":1,,"token":"geheim"}' }),
      JSON.stringify({ data: 'scene [token "geheim"' }),
      Array.from({ length: 12 }).reduce<string>((inner) => JSON.stringify([inner]), '{"token":"geheim"}'),
    ]) {
      const hidden = await decode(seal(plaintext), '--token', TOKEN);
      assert.doesNotMatch(hidden.stdout, /geheim/, plaintext);
      assert.match(hidden.stdout, /\*\*\*|characters that are no JSON/);
      assert.match((await decode(seal(plaintext), '--token', TOKEN, '--show-token')).stdout, /geheim/);
    }
  });

  it('hides the token of a gateway in the scene that it is sent', async () => {
    const gateway = Buffer.from(TOKEN, 'hex');
    const event = {
      event: 'click',
      extra: '[1,13,1,85,[0,1],0,0]',
      sourceDid: 'lumi.1',
      sourceModel: 'lumi.x',
    };
    const frame = sceneFrame(7, event, { address: '192.168.1.9', token: gateway, own: true }, 1_700_000_000);
    const plaintext = JSON.stringify({ id: 1, method: 'send_data_frame', params: frame });
    assert.match(plaintext, new RegExp(TOKEN));
    const { stdout } = await decode(seal(plaintext), '--token', TOKEN);
    assert.doesNotMatch(stdout, /[0-9a-f]{32}/i);
    assert.match(stdout, /"data":"\[\[\\"x\.scene\.7\\".*lumi\.1.*192\.168\.1\.9/);
    assert.equal(stdout.match(/\*\*\*/g)?.length, 3);
  });

  it('hides the given token under whatever name it comes', async () => {
    for (const shown of [TOKEN, TOKEN.toUpperCase()]) {
      const { stdout } = await decode(seal(`{"result":["a ${shown} b"]}`), '--token', TOKEN);
      assert.match(stdout, /^plaintext +\{"result":\["a \*\*\* b"\]\}$/m);
    }
  });

  it('takes the mere name of a secret for none', async () => {
    const plaintext = '{"method":"get_prop","params":["data_tkn","token","\\"token\\""]}';
    const { stdout } = await decode(seal(plaintext), '--token', TOKEN);
    assert.ok(stdout.includes(plaintext), stdout);
  });

  it('shows the rest of broken JSON that holds a secret, repaired', async () => {
    const { stdout } = await decode(seal('{"result":{"a":1,,"token":"geheim"}}'), '--token', TOKEN);
    assert.match(stdout, /^plaintext +\{"result":\{"a":1,"token":"\*\*\*"\}\}$/m);
  });

  it('shows broken JSON as it is', async () => {
    const { stdout } = await decode(seal('{"result":[,,],,"id":1}'), '--token', TOKEN);
    assert.match(stdout, /^plaintext +\{"result":\[,,\],,"id":1\}$/m);
  });

  for (const [what, hex, problem] of [
    ['too short', '2131', /shorter than a header/],
    ['of another protocol', `4131${HELLO.slice(4)}`, /begin with 2131/],
    ['cut off', seal('{"id":1}').slice(0, -2), /length field/],
    ['of half a block', `21310028${'00'.repeat(36)}`, /blocks of 16/],
    ['of nobody', `21310030${'ff'.repeat(8)}${'00'.repeat(36)}`, /device id of a hello/],
  ] as const) {
    it(`says what is wrong with a packet ${what}`, async () => {
      const { exitCode, stdout } = await decode(hex);
      assert.equal(exitCode, NOTHING_FOUND);
      assert.match(stdout, /^packet +no miIO packet$/m);
      assert.match(stdout, problem);
    });
  }
});
