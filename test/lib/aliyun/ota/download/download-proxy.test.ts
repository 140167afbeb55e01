/** A download through the proxy that the environment names. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ConnectProxy } from './connect-proxy';
import { content, DownloadBench } from './download-bench';
import { fileOf, serve } from './firmware-server';

const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'no_proxy', 'NO_PROXY'];

describe('a firmware download where the environment names a proxy', () => {
  let bench: DownloadBench;
  let proxies: ConnectProxy[];
  let before: [string, string | undefined][];

  beforeEach(async () => {
    before = VARIABLES.map((name) => [name, process.env[name]]);
    for (const name of VARIABLES) delete process.env[name];
    proxies = [];
    bench = await DownloadBench.create();
  });
  afterEach(async () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await bench.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });

  async function proxyOf(status?: number | 'silent'): Promise<ConnectProxy> {
    const proxy = await ConnectProxy.start(status);
    proxies.push(proxy);
    const address = `http://user:topsecret@127.0.0.1:${proxy.port}`;
    process.env.HTTPS_PROXY = address;
    process.env.HTTP_PROXY = address;
    return proxy;
  }
  const serving = () => bench.start((request, response) => serve(content, request, response));

  it('goes through its tunnel, also when it continues', async () => {
    const proxy = await proxyOf();
    const server = await bench.start((request, response, count) => {
      if (count === 1) server.cutAt(150_000, content, request, response);
      else serve(content, request, response);
    });
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
    const { host } = new URL(server.url());
    assert.deepEqual(proxy.asked, [host, host]);
    assert.deepEqual(server.ranges, [undefined, 'bytes=150000-']);
    assert.equal(proxy.credentials[0], `Basic ${Buffer.from('user:topsecret').toString('base64')}`);
  });

  it('trusts the server at its end no more than without it', async () => {
    const proxy = await proxyOf();
    const server = await serving();
    const work = bench.fetch(server, fileOf(content, server.url()), { ca: [], retries: 0 });
    await bench.assertFails(work, 'otaDownloadFailed', /certificate/);
    assert.equal(proxy.asked.length, 1);
    assert.equal(server.ranges.length, 0);
  });

  it('does not trust a server of another name', async () => {
    await proxyOf();
    const server = await serving();
    const url = server.url().replace('127.0.0.1', 'localhost');
    await bench.assertFails(bench.fetch(server, fileOf(content, url), { retries: 0 }), 'otaDownloadFailed');
    assert.equal(server.ranges.length, 0);
  });

  it('goes past it to the hosts of NO_PROXY', async () => {
    const proxy = await proxyOf();
    process.env.NO_PROXY = '127.0.0.1';
    const server = await serving();
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
    assert.equal(proxy.asked.length, 0);
  });

  for (const inside of ['127.0.0.1', 'localhost']) {
    it(`is not redirected from the internet to ${inside}`, async () => {
      await proxyOf();
      process.env.NO_PROXY = 'localhost';
      const server = await bench.start((request, response) => {
        const { host = '' } = request.headers;
        const location = server.url('/inside.bin').replace('127.0.0.1', inside);
        if (host.startsWith('47.88.0.1')) response.writeHead(302, { location }).end();
        else serve(content, request, response);
      }, 'http');
      const file = fileOf(content, server.url().replace('127.0.0.1', '47.88.0.1'));
      await bench.assertFails(
        bench.fetch(server, file, { allowHttp: true }),
        'otaUrlRefused',
        /redirects from the internet to an address in a private network/,
      );
      assert.equal(server.ranges.length, 1);
      const allowed = { allowHttp: true, allowRedirectToPrivate: true };
      await bench.assertStored(await bench.fetch(server, file, allowed));
    });
  }

  it('fails when that refuses, and tells no password', async () => {
    const proxy = await proxyOf(407);
    const server = await serving();
    const work = bench.fetch(server, fileOf(content, server.url()), { retries: 1 });
    await bench.assertFails(work, 'otaDownloadFailed', /407/);
    assert.equal(proxy.asked.length, 2);
    assert.equal(server.ranges.length, 0);
  });

  it('counts one that is silent as cut', async () => {
    const proxy = await proxyOf('silent');
    const server = await serving();
    const work = bench.fetch(server, fileOf(content, server.url()), { stallMs: 200, retries: 1 });
    await bench.assertFails(work, 'otaDownloadFailed', /Timeout/);
    assert.equal(proxy.asked.length, 2);
  });

  it('does not wait for one that is silent when it is aborted', async () => {
    const proxy = await proxyOf('silent');
    const server = await serving();
    const abort = new AbortController();
    const work = bench.fetch(server, fileOf(content, server.url()), { signal: abort.signal });
    proxy.once('asked', () => abort.abort());
    await bench.assertFails(work, 'aborted');
  });

  it('leaves no connection open when it is aborted at a silent server behind its tunnel', async () => {
    await proxyOf();
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const server = await serving();
    const url = server.url().replace(/:\d+/, `:${Object(silent.address()).port}`);
    const abort = new AbortController();
    const work = bench.fetch(server, fileOf(content, url), { signal: abort.signal, stallMs: 3_600_000 });
    const [socket] = await once(silent, 'connection');
    // Its first bytes: TLS has begun.
    await once(socket, 'data');
    const closed = once(socket, 'close');
    abort.abort();
    await bench.assertFails(work, 'aborted');
    await closed;
    silent.close();
  });

  it('fails when its address is none, and tells no password', async () => {
    process.env.HTTPS_PROXY = 'user:topsecret@proxy';
    const server = await serving();
    const work = bench.fetch(server, fileOf(content, server.url()), { retries: 0 });
    await bench.assertFails(work, 'otaDownloadFailed');
  });
});
