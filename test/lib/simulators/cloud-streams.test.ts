/** The firmware that the simulated cloud gives over MQTT, and how it signs what it pushes. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { Refusal } from '../../simulators/cloud/alink';
import { checksum, Streams } from '../../simulators/cloud/functions/streams';
import { message, OWN, SYS, useCloud } from './cloud-clients';

const REPLY = `${SYS}thing/file/download_reply`;
const UPGRADE = `/ota/device/upgrade/${OWN}`;

/** The parts of a reply. */
function unframe(reply: Buffer) {
  const length = reply.readUInt16BE(0);
  return { head: JSON.parse(reply.subarray(2, 2 + length).toString()), rest: reply.subarray(2 + length) };
}

describe('a firmware of the simulated cloud over MQTT', () => {
  const here = useCloud();
  const content = randomBytes(200_000);
  let client: MqttClient;
  let fileInfo: { streamId: number; fileId: number };

  beforeEach(async () => {
    client = await here.clients.subscribed(REPLY, UPGRADE);
    const { streamId, streamFileId: fileId } = here.lamp.streams.add(content);
    fileInfo = { streamId, fileId };
  });

  async function ask(fileBlock: object, more: object = {}) {
    const reply = message(client, REPLY);
    const params = { fileInfo, fileBlock, ...more };
    client.publish(`${SYS}thing/file/download`, JSON.stringify({ id: '7', version: '1.0', params }));
    return unframe(await reply);
  }

  const refusalOf = async (fileBlock: object, more: object = {}) => {
    const { head, rest } = await ask(fileBlock, more);
    assert.deepEqual([head.id, head.data, rest.length], ['7', {}, 0]);
    return [head.code, head.msg];
  };

  async function pushed(firmware: Parameters<typeof here.lamp.pushFirmware>[0]) {
    const notice = message(client, UPGRADE);
    here.lamp.pushFirmware(firmware);
    client.publish(`/ota/device/inform/${OWN}`, JSON.stringify({ id: '1', params: { version: '1' } }));
    return JSON.parse((await notice).toString()).data;
  }

  it('has the checksum of the document, lowest byte first', async () => {
    assert.equal(checksum(Buffer.from('123456789')), 0xbb3d);
    const { head, rest } = await ask({ size: 256, offset: 1000 });
    const data = { bSize: 256, bOffset: 1000, fileLength: 200_000 };
    assert.deepEqual(head, { id: '7', code: 200, msg: 'success', data });
    assert.ok(rest.subarray(0, 256).equals(content.subarray(1000, 1256)));
    assert.equal(rest.readUInt16LE(256), checksum(rest.subarray(0, 256)));
    assert.equal(rest.length, 258);
  });

  it('comes in blocks of 256 to 131072 bytes, the last one smaller', async () => {
    assert.equal((await ask({ size: 131_072, offset: 0 })).head.data.bSize, 131_072);
    assert.equal((await ask({ size: 100, offset: 199_900 })).head.data.bSize, 100);
    assert.equal((await ask({ size: 131_072, offset: 199_900 })).head.data.bSize, 100);
    for (const size of [255, 0, -1, 131_073, 256.5, '256', null]) {
      assert.deepEqual(await refusalOf({ size, offset: 0 }), [460, 'params: size must be 256 to 131072']);
    }
  });

  it('is refused beyond its end, under another name, and above 16 MB', async () => {
    for (const offset of [200_000, -1, 0.5, '0', undefined]) {
      assert.match((await refusalOf({ size: 256, offset })).join(), /^460,.*offset/);
    }
    for (const other of [
      { streamId: 1, fileId: 1 },
      { ...fileInfo, fileId: 2 },
      { ...fileInfo, streamId: 'x' },
    ]) {
      const refusal = await refusalOf({ size: 256, offset: 0 }, { fileInfo: other });
      assert.deepEqual(refusal, [460, 'params: there is no such file']);
    }
    assert.match((await refusalOf({ size: 256, offset: 0 }, { fileToken: 5 })).join(), /fileToken/);
    const { streamId } = here.lamp.streams.add(Buffer.alloc(16 * 1024 * 1024 + 1));
    assert.deepEqual(await refusalOf({ size: 256, offset: 0 }, { fileInfo: { streamId, fileId: 1 } }), [
      460,
      'file size has exceeded the limit 16 MB',
    ]);
  });

  it('belongs to one device', () => {
    const other = new Streams();
    const read = other.handlers['thing/file/download'];
    assert.throws(() => read?.({ fileInfo, fileBlock: { size: 256, offset: 0 } }), Refusal);
  });

  it('goes wrong by its knobs', async () => {
    const { streams } = here.lamp;
    streams.wrongChecksums = 1;
    const { rest } = await ask({ size: 256, offset: 0 });
    assert.notEqual(rest.readUInt16LE(256), checksum(rest.subarray(0, 256)));
    const repeated = (await ask({ size: 256, offset: 0 })).rest;
    assert.equal(repeated.readUInt16LE(256), checksum(repeated.subarray(0, 256)));
    streams.fileToken = '1bb8';
    assert.equal((await ask({ size: 256, offset: 0 })).head.data.fileToken, '1bb8');
    streams.largestBlock = 5120;
    assert.match((await refusalOf({ size: 5121, offset: 0 })).join(), /256 to 5120/);
    streams.refusesBeyondEnd = true;
    assert.match((await refusalOf({ size: 256, offset: 199_900 })).join(), /ends behind/);
    here.cloud.knobs.replyCode = 429;
    assert.equal((await refusalOf({ size: 256, offset: 0 }))[0], 429);
  });

  it('loses replies by the knobs of all requests', async () => {
    const { knobs } = here.cloud;
    knobs.dropReplyTo = ({ method }) => method === 'thing.file.download' && here.lamp.posts.length === 0;
    const reply = ask({ size: 256, offset: 0 });
    client.publish(
      `${SYS}thing/file/download`,
      JSON.stringify({ id: '8', version: '1.0', params: { fileInfo, fileBlock: { size: 300, offset: 0 } } }),
    );
    assert.equal((await reply).head.id, '8');
  });

  it('is pushed without a URL', async () => {
    const data = await pushed({ version: '2', content, signMethod: 'Md5', protocol: 'mqtt' });
    const md5 = createHash('md5').update(content).digest('hex');
    const { streamId, ...rest } = data;
    const about = { version: '2', signMethod: 'Md5', size: 200_000, sign: md5, md5 };
    assert.deepEqual(rest, { ...about, dProtocol: 'mqtt', streamFileId: 1 });
    fileInfo = { streamId, fileId: 1 };
    assert.ok((await ask({ size: 300, offset: 0 })).rest.subarray(0, 300).equals(content.subarray(0, 300)));
  });

  it('has one file, and what has several is not signed', () => {
    const several = { version: '2', content, files: [content, content] };
    assert.throws(() => here.lamp.pushFirmware({ ...several, protocol: 'mqtt' }), /several files/);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    assert.throws(() => here.lamp.pushFirmware({ ...several, signKey: privateKey }), /several files/);
  });

  it('is signed over the bytes of its digest, says that it is a difference, and has data of its own', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const extData = { key1: 'value1', _package_udi: '{"ota_notice":"new"}' };
    const data = await pushed({ version: '2', content, isDiff: true, extData, signKey: privateKey });
    assert.deepEqual([data.isDiff, data.extData], [1, extData]);
    const signature = Buffer.from(data.digestsign, 'base64');
    assert.equal(signature.length, 256);
    assert.ok(verify('sha256', Buffer.from(data.sign, 'hex'), publicKey, signature));
  });
});
