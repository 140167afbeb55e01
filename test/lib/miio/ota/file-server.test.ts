import assert from 'node:assert/strict';
import { once } from 'node:events';
import { truncate } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import { connect } from 'node:net';
import type { MialinkError } from '../../../../lib/errors';
import { FileServer, type FileServerOptions } from '../../../../lib/miio/ota/file-server';
import { FirmwareFile } from '../../../../lib/miio/ota/firmware-file';
import { IMAGE, useDirectory } from './files';

const LABEL = 'desk lamp (127.0.0.1)';
const LOOPBACK = { label: LABEL, host: '127.0.0.1', address: '127.0.0.1' };

describe('the server of a firmware file', () => {
  const directory = useDirectory();
  let file: FirmwareFile;
  let server: FileServer;

  async function serve(options: Partial<FileServerOptions> = {}, image = IMAGE): Promise<FileServer> {
    file = await FirmwareFile.open(await directory.write(image, 'lamp firmware 1.1.bin'), LABEL);
    server = await FileServer.start(file, { ...LOOPBACK, ...options });
    return server;
  }
  afterEach(async () => {
    await server.close();
    await file.close();
  });

  const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());
  const part = (range: string) => fetch(server.url, { headers: { Range: range } });

  it('serves the whole file, under a random path that ends with its name', async () => {
    const { url } = await serve();
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/lamp_firmware_1\.1\.bin$/);
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('accept-ranges'), 'bytes');
    assert.equal(answer.headers.get('content-length'), String(IMAGE.length));
    assert.deepEqual(await bytesOf(answer), IMAGE);
    assert.deepEqual([server.requests, server.fetched], [1, 1]);
  });

  it('serves pieces, to whoever asks for them, at the same time', async () => {
    await serve();
    const pieces = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => index * 25_000);
    const answers = await Promise.all(pieces.map((start) => part(`bytes=${start}-${start + 24_999}`)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [206]);
    assert.equal(answers[1]?.headers.get('content-range'), `bytes 25000-49999/${IMAGE.length}`);
    assert.deepEqual(Buffer.concat(await Promise.all(answers.map(bytesOf))), IMAGE);
    assert.deepEqual([server.requests, server.fetched], [8, 1]);
  });

  it('says so when a piece lies behind the file', async () => {
    await serve();
    const answer = await part(`bytes=${IMAGE.length}-`);
    assert.equal(answer.status, 416);
    assert.equal(answer.headers.get('content-range'), `bytes */${IMAGE.length}`);
    assert.equal(server.fetched, 0);
  });

  it('answers HEAD with the size alone', async () => {
    const { url } = await serve();
    const answer = await fetch(url, { method: 'HEAD', headers: { Range: 'bytes=0-9' } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-length'), String(IMAGE.length));
    assert.deepEqual([(await bytesOf(answer)).length, server.fetched], [0, 0]);
  });

  it('tells nothing to who does not know the path, and takes no other method', async () => {
    const { url } = await serve();
    for (const wrong of ['/', `${new URL(url).pathname}x`, '/../../etc/passwd', '/firmware.bin']) {
      const answer = await fetch(new URL(wrong, url));
      assert.deepEqual([answer.status, await answer.text()], [404, ''], wrong);
    }
    assert.equal(server.requests, 0);
    const posted = await fetch(url, { method: 'POST', body: 'x' });
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  });

  it('ends at once, with whoever still reads, and is gone', async () => {
    const { url } = await serve({}, Buffer.alloc(32 * 1024 * 1024));
    const request = get(url);
    const [response] = await once(request, 'response');
    const cut = once(response, 'error');
    await server.close();
    response.resume();
    await cut;
    await assert.rejects(fetch(url));
  });

  it('survives a device that hangs up, and one that speaks no HTTP', async () => {
    const { url } = await serve({}, Buffer.alloc(32 * 1024 * 1024));
    const request = get(url);
    const [response] = await once(request, 'response');
    response.on('error', () => {});
    request.destroy();
    const nonsense = connect(Number(new URL(url).port), '127.0.0.1');
    nonsense.on('error', () => {});
    nonsense.resume();
    nonsense.end('\u0016\u0003\u0001 hello\r\n\r\n');
    await once(nonsense, 'close');
    assert.equal((await part('bytes=0-9')).status, 206);
  });

  it('hangs up when a device no longer reads', async () => {
    const { url } = await serve({ stallMs: 100 }, Buffer.alloc(32 * 1024 * 1024));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    socket.write(`GET ${new URL(url).pathname} HTTP/1.1\r\nHost: x\r\n\r\n`);
    socket.pause();
    // A socket that reads nothing learns by its next write that the other end has gone.
    const knocking = setInterval(() => socket.write('\r\n'), 500);
    await closed;
    clearInterval(knocking);
    assert.ok(socket.bytesRead < 32 * 1024 * 1024);
  });

  it('is not blocked by strangers: of those that never ask for the path the oldest makes room', async () => {
    const { url } = await serve();
    const port = Number(new URL(url).port);
    const knock = async () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      return socket;
    };
    const device = await knock();
    const asks = `GET ${new URL(url).pathname} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n`;
    device.write(asks);
    await once(device, 'data');
    const first = await knock();
    const closed = once(first.resume(), 'close');
    const others = [];
    for (let more = 0; more < 64; more++) others.push(await knock());
    await closed;
    assert.equal((await part('bytes=0-9')).status, 206);
    device.write(asks);
    await once(device, 'data');
    for (const socket of [device, ...others]) socket.destroy();
  });

  it('tells when the file cannot be read any more, and cuts the answer', async () => {
    let problem: MialinkError | undefined;
    const told = new Promise<void>((resolve) => {
      const onUnreadable = (error: MialinkError) => {
        problem = error;
        resolve();
      };
      void serve({ onUnreadable }).then(async ({ url }) => {
        await truncate(file.path, 1000);
        await assert.rejects(fetch(url).then(bytesOf));
      });
    });
    await told;
    assert.equal(problem?.reason, 'firmwareUnreadable');
  });

  it('puts another address into the URL where it is reached under that', async () => {
    await serve({ host: '0.0.0.0', address: 'flows.example.org' });
    const { hostname, port, pathname } = new URL(server.url);
    assert.equal(hostname, 'flows.example.org');
    assert.equal(server.location, `flows.example.org:${port}`);
    assert.equal((await fetch(`http://127.0.0.1:${port}${pathname}`)).status, 200);
  });

  it('says why it cannot start: the port is taken, the address is not of this machine', async () => {
    await serve();
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const bound = other.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    const failure = { reason: 'firmwareNotServed', code: 'CONFIG' };
    await assert.rejects(FileServer.start(file, { ...LOOPBACK, port }), {
      ...failure,
      message: /EADDRINUSE/,
    });
    await assert.rejects(FileServer.start(file, { ...LOOPBACK, host: '192.0.2.77' }), failure);
    await new Promise((resolve) => other.close(resolve));
  });
});
