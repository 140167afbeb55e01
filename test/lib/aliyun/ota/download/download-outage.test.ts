/** A download whose server cannot be reached, or accepts a connection and then says nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { content, DownloadBench } from './download-bench';
import { fileOf, serve } from './firmware-server';

const HALF = 150_000;
const HOUR = 60 * 60 * 1000;

describe('a firmware download', () => {
  let bench: DownloadBench;
  let silent: Server;
  let sockets: Socket[];

  beforeEach(async () => {
    bench = await DownloadBench.create();
    sockets = [];
    silent = createServer((socket) => sockets.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    await bench.close();
  });

  /** An address there, and the server that vouches for it. */
  async function silence() {
    const address = silent.address();
    assert.ok(typeof address === 'object' && address !== null);
    const server = await bench.start((request, response) => serve(content, request, response));
    return { server, file: fileOf(content, `https://127.0.0.1:${address.port}/f.bin?topsecret`) };
  }

  it('that is aborted while the connection is being made ends at once, and so does the connection', async () => {
    const { server, file } = await silence();
    const abort = new AbortController();
    const work = bench.fetch(server, file, { signal: abort.signal, stallMs: HOUR });
    const [socket] = await once(silent, 'connection');
    const closed = once(socket.resume(), 'close');
    abort.abort();
    await bench.assertFails(work, 'aborted');
    await closed;
  });

  it('outlasts more tries without an answer than it has retries, and continues', async () => {
    const server = await bench.start((request, response, count) => {
      if (count === 1) server.cutAt(HALF, content, request, response);
      else if (count < 10) request.socket.destroy();
      else serve(content, request, response);
    });
    const options = { retries: 1, outageMs: HOUR };
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url()), options));
    assert.equal(server.ranges.length, 10);
    assert.equal(server.ranges.at(-1), `bytes=${HALF}-`);
  });

  it('outlasts a server that accepts connections and is silent', async () => {
    const { server, file } = await silence();
    const abort = new AbortController();
    silent.on('connection', () => {
      if (sockets.length === 4) abort.abort();
    });
    const options = { retries: 1, outageMs: HOUR, stallMs: 50, signal: abort.signal };
    await bench.assertFails(bench.fetch(server, file, options), 'aborted');
  });

  it('fails after its retries where the server answers, or is not to be trusted', async () => {
    const server = await bench.start((_, response) => response.writeHead(503).end());
    const options = { retries: 1, outageMs: HOUR };
    await bench.assertFails(bench.fetch(server, fileOf(content, server.url()), options), 'otaDownloadFailed');
    assert.equal(server.ranges.length, 2);
    const untrusted = bench.fetch(server, fileOf(content, server.url()), { ...options, ca: [] });
    await bench.assertFails(untrusted, 'otaDownloadFailed', /certificate/);
  });
});
