/** A download whose server is slow: what counts as cut, and what does not. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { content, DownloadBench } from './download-bench';
import { fileOf, serve } from './firmware-server';

describe('a firmware download', () => {
  let bench: DownloadBench;

  beforeEach(async () => {
    bench = await DownloadBench.create();
  });
  afterEach(() => bench.close());

  /** Sends pieces for as long as anyone listens. */
  function drip(response: ServerResponse, bytes: number, eachMs: number): void {
    response.writeHead(200, { 'content-length': content.length });
    let sent = 0;
    const timer = setInterval(() => {
      response.write(content.subarray(sent, sent + bytes));
      sent += bytes;
      if (sent >= content.length) {
        clearInterval(timer);
        response.end();
      }
    }, eachMs);
    response.on('close', () => clearInterval(timer));
  }

  it('that only drips counts as cut, and continues from there', async () => {
    const server = await bench.start((request, response, count) => {
      if (count === 1) drip(response, 1, 20);
      else serve(content, request, response);
    });
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url()), { stallMs: 400 }));
    assert.match(server.ranges[1] ?? '', /^bytes=\d+-$/);
  });

  it('that drips for ever is given up, though each try brings a byte', async () => {
    const server = await bench.start((_, response) => drip(response, 1, 20));
    const work = bench.fetch(server, fileOf(content, server.url()), { stallMs: 400, retries: 2 });
    await bench.assertFails(work, 'otaDownloadFailed', /bytes arrived within 400 ms/);
    assert.equal(server.ranges.length, 3);
  });

  it('that is slow, but comes on, is not cut', async () => {
    // Longer than a stall may be, and always more than a drip.
    const server = await bench.start((_, response) => drip(response, 10_000, 50));
    await bench.assertStored(
      await bench.fetch(server, fileOf(content, server.url()), { stallMs: 1_000, retries: 0 }),
    );
    assert.equal(server.ranges.length, 1);
  });
});
