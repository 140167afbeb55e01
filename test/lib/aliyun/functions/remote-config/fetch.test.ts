/** The file of a remote configuration: fetched, verified, or refused in words that tell no secret. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import {
  type ConfigNotice,
  type FetchOptions,
  fetchConfig,
} from '../../../../../lib/aliyun/functions/remote-config';
import { Backoff } from '../../../../../lib/backoff';
import { MialinkError, type Reason } from '../../../../../lib/errors';
import { type Behaviour, FirmwareServer, fileOf, serve } from '../../ota/download/firmware-server';

const content = randomBytes(20_000);

describe('the file of a remote configuration', () => {
  const servers: FirmwareServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  async function start(behaviour: Behaviour, protocol?: 'https' | 'http'): Promise<FirmwareServer> {
    const server = await FirmwareServer.start(behaviour, protocol);
    servers.push(server);
    return server;
  }
  const serving = () => start((request, response) => serve(content, request, response));
  function noticeOf(server: FirmwareServer, more: Partial<ConfigNotice> = {}): ConfigNotice {
    const url = server.url('/config.json');
    const { size, sign, signMethod } = fileOf(content, url);
    return { configId: 'config-1', url, size, sign, signMethod, ...more };
  }
  function fetch(server: FirmwareServer, notice = noticeOf(server), options: FetchOptions = {}) {
    const channel = { label: 'lamp', additionalRoots: [server.ca] };
    return fetchConfig(notice, channel, { backoff: new Backoff(1, 2), ...options });
  }
  async function assertFails(work: Promise<Buffer>, reason: Reason, text: RegExp): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof MialinkError, String(error));
      assert.equal(error.reason, reason, error.message);
      assert.match(error.message, text);
      assert.match(error.message, /^lamp: the .*remote configuration/);
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${error.cause}`, /topsecret/);
      return true;
    });
  }

  it('is fetched and verified, by either digest', async () => {
    const server = await serving();
    assert.ok(content.equals(await fetch(server)));
    const { sign, signMethod } = fileOf(content, '', 'md5');
    assert.ok(content.equals(await fetch(server, noticeOf(server, { sign, signMethod }))));
  });

  it('is whole when it comes in pieces', async () => {
    const server = await start(async (_request, response) => {
      response.writeHead(200, { 'content-length': content.length });
      for (let sent = 0; sent < content.length; sent += 4_000) {
        response.write(content.subarray(sent, sent + 4_000));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      response.end();
    });
    assert.ok(content.equals(await fetch(server)));
  });

  it('is not led by a redirect where an address must not lead', async () => {
    const server = await start((_request, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/topsecret' }).end(),
    );
    await assertFails(fetch(server, noticeOf(server), { allowHttp: true }), 'otaUrlRefused', /redirects/);
  });

  it('is refused when its digest is another one', async () => {
    const server = await serving();
    const notice = noticeOf(server, { sign: '0'.repeat(64) });
    await assertFails(
      fetch(server, notice),
      'otaVerifyFailed',
      /sha256 digest is another one; ask for it again/,
    );
  });

  it('is refused when its size is another one, whether or not the server tells it', async () => {
    const server = await serving();
    const smaller = noticeOf(server, { size: content.length - 1 });
    await assertFails(fetch(server, smaller), 'otaVerifyFailed', /20000 bytes instead of 19999/);
    const silent = await start((_request, response) => {
      response.write(content);
      response.end(content);
    });
    await assertFails(fetch(silent), 'otaVerifyFailed', /more bytes arrived than the 20000/);
    const short = await start((_request, response) => {
      response.write('a');
      response.end('b');
    });
    await assertFails(fetch(short), 'otaVerifyFailed', /2 bytes arrived instead of 20000/);
  });

  it('is not even asked for when it is larger than the cloud gives', async () => {
    const server = await serving();
    const large = noticeOf(server, { size: 65_537 });
    await assertFails(fetch(server, large), 'otaTooLarge', /65537 bytes, more than the 65536 allowed/);
    await assertFails(fetch(server, noticeOf(server), { maxBytes: 19_999 }), 'otaTooLarge', /19999/);
    assert.equal(server.ranges.length, 0);
    assert.ok(await fetch(server, noticeOf(server), { maxBytes: 20_000 }));
  });

  it('is fetched over https only, unless http is allowed', async () => {
    const server = await start((request, response) => serve(content, request, response), 'http');
    await assertFails(fetch(server), 'otaUrlRefused', /http: is not allowed/);
    assert.equal(server.ranges.length, 0);
    assert.ok(content.equals(await fetch(server, noticeOf(server), { allowHttp: true })));
    await assertFails(fetch(server, noticeOf(server, { url: 'topsecret' })), 'otaUrlRefused', /not a URL/);
  });

  it('is not fetched from a server that nobody vouches for', async () => {
    const server = await serving();
    const stranger = fetchConfig(
      noticeOf(server),
      { label: 'lamp', additionalRoots: [] },
      { backoff: new Backoff(1, 2) },
    );
    await assertFails(stranger, 'otaDownloadFailed', /certificate/);
  });

  it('is fetched anew from its beginning when the connection is cut, three times at most', async () => {
    const server = await start((request, response, count) => {
      if (count === 3) serve(content, request, response);
      else
        response
          .writeHead(200, { 'content-length': content.length })
          .write(content.subarray(0, 9), () => response.destroy());
    });
    assert.ok(content.equals(await fetch(server)));
    assert.deepEqual(server.ranges, [undefined, undefined, undefined]);

    const broken = await start((_request, response) => response.writeHead(503).end());
    await assertFails(fetch(broken), 'otaDownloadFailed', /HTTP 503; ask for it again/);
    assert.equal(broken.ranges.length, 3);
  });

  it('says that its address has expired, and does not try again', async () => {
    const server = await start((_request, response) => response.writeHead(403).end());
    await assertFails(fetch(server), 'otaUrlExpired', /HTTP 403.*expired; ask for it again/);
    assert.equal(server.ranges.length, 1);
  });

  it('is given up when the caller wants that, also from a server that never ends', async () => {
    const giveUp = new AbortController();
    const server = await start((_request, response) => {
      response.writeHead(200, { 'content-length': content.length }).write('x');
      giveUp.abort();
    });
    await assert.rejects(
      fetch(server, noticeOf(server), { signal: giveUp.signal }),
      (error) => error instanceof MialinkError && error.reason === 'aborted',
    );
  });

  it('is given up at once while the connection is being made', async () => {
    const giveUp = new AbortController();
    const server = await serving();
    const silent = createServer((socket) => {
      socket.resume().on('error', () => {});
      giveUp.abort();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    assert.ok(typeof address === 'object' && address !== null);
    const url = `https://127.0.0.1:${address.port}/config.json?topsecret`;
    await assert.rejects(
      fetch(server, noticeOf(server, { url }), { signal: giveUp.signal, stallMs: 3_600_000 }),
      { reason: 'aborted' },
    );
    silent.close();
  });

  it('is given up when the server falls silent', async () => {
    const server = await start((_request, response) => {
      response.writeHead(200, { 'content-length': content.length }).write('x');
    });
    await assertFails(
      fetch(server, noticeOf(server), { stallMs: 20 }),
      'otaDownloadFailed',
      /ask for it again/,
    );
  });
});
