/** The firmware download of the simulated cloud, and the ways it goes wrong. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import { Cloud } from '../../simulators/cloud';
import { download, LAMP } from './cloud-clients';

describe('a firmware download from the simulated cloud', () => {
  const content = randomBytes(200_000);
  let cloud: Cloud;
  let url: string;

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [LAMP] });
    url = cloud.device('lamp-1').pushFirmware({ version: '2', content }).url;
  });

  afterEach(async () => {
    await cloud.close();
  });

  it('gives the whole file to the signed URL', async () => {
    const { status, headers, body } = await download(cloud, url);
    assert.deepEqual([status, headers['content-length']], [200, '200000']);
    assert.ok(body.equals(content));
    assert.deepEqual(cloud.firmware.requests, [{ method: 'GET', range: null, url: url.replace(/\?.*/, '') }]);
  });

  it('refuses 403 without the signature, 404 elsewhere, 405 other methods', async () => {
    assert.equal((await download(cloud, url.replace(/\?.*/, ''))).status, 403);
    assert.equal((await download(cloud, `${url}0`)).status, 403);
    assert.equal((await download(cloud, url.replace('/ota/1/', '/ota/9/'))).status, 404);
    assert.equal((await download(cloud, url, { method: 'POST' })).status, 405);
  });

  it('gives a range with 206, and 416 beyond the end', async () => {
    const rest = await download(cloud, url, { headers: { range: 'bytes=150000-' } });
    assert.deepEqual([rest.status, rest.headers['content-range']], [206, 'bytes 150000-199999/200000']);
    assert.ok(rest.body.equals(content.subarray(150_000)));
    const few = await download(cloud, url, { headers: { range: 'bytes=5-8' } });
    assert.ok(few.body.equals(content.subarray(5, 9)));
    assert.equal((await download(cloud, url, { headers: { range: 'bytes=200000-' } })).status, 416);
  });

  it('tells the size to HEAD, which is no download to be cut', async () => {
    cloud.firmware.cutAfter = 10;
    const { status, headers, body } = await download(cloud, url, { method: 'HEAD' });
    assert.deepEqual([status, headers['content-length'], body.length], [200, '200000', 0]);
    assert.equal((await download(cloud, url)).broken, true);
  });

  it('cuts after so many bytes, so often', async () => {
    cloud.firmware.cutAfter = 70_000;
    const cut = await download(cloud, url);
    assert.equal(cut.broken, true);
    assert.ok(cut.body.equals(content.subarray(0, 70_000)));
    assert.equal((await download(cloud, url)).body.length, 200_000);
  });

  it('stalls: the bytes stop, the connection stays', async () => {
    cloud.firmware.stallAfter = 10_000;
    const outgoing = https.request(url, { ca: cloud.ca, agent: false }).end();
    outgoing.on('error', () => {});
    const [response] = await once(outgoing, 'response');
    response.on('error', () => {});
    let received = 0;
    for await (const chunk of response) {
      received += chunk.length;
      if (received >= 10_000) break;
    }
    assert.equal(received, 10_000);
    assert.equal(response.complete, false);
  });

  it('ignores Range, answers a status and redirects by its knobs', async () => {
    cloud.firmware.ignoreRange = true;
    assert.equal((await download(cloud, url, { headers: { range: 'bytes=5-' } })).status, 200);
    cloud.firmware.status = 503;
    assert.equal((await download(cloud, url)).status, 503);
    cloud.firmware.status = null;
    cloud.firmware.redirectTo = 'file:///etc/passwd';
    const { status, headers } = await download(cloud, url);
    assert.deepEqual([status, headers.location], [302, 'file:///etc/passwd']);
    cloud.firmware.redirectTo = url;
    assert.equal((await download(cloud, url)).status, 200);
  });

  it('slows down', async () => {
    cloud.firmware.bytesPerSecond = 1_000_000;
    const begin = Date.now();
    assert.equal((await download(cloud, url)).body.length, 200_000);
    assert.ok(Date.now() - begin >= 140);
  });
});
