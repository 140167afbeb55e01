/**
 * A firmware server, in a process of its own: HTTPS, and `/64` is a firmware of 64 MB. Its certificate is made for this
 * run, and given to anyone who asks for it without TLS.
 *
 *   node server.js <network>     prints `ready`, and ends with its input
 */
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { generate } from 'selfsigned';
import { blockOfNoise, CERTIFICATE_PORT, hostOf, MB, PORT } from './place';

const BLOCK = blockOfNoise();

function send(response: ServerResponse, megabytes: number): void {
  let left = megabytes;
  const more = () => {
    while (left > 0) {
      left--;
      if (!response.write(BLOCK)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  response.on('error', () => response.destroy());
  response.writeHead(200, { 'content-length': megabytes * MB });
  more();
}

async function main(network: number): Promise<void> {
  const host = hostOf(network);
  const { private: key, cert } = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: host }] }],
  });
  const firmware = createHttpsServer({ key, cert }, (request, response) =>
    send(response, Number(request.url?.slice(1))),
  );
  const certificate = createHttpServer((_, response) => response.end(cert));
  await new Promise<void>((resolve) => firmware.listen(PORT, host, resolve));
  await new Promise<void>((resolve) => certificate.listen(CERTIFICATE_PORT, host, resolve));
  process.stdin.on('end', () => process.exit()).resume();
  console.log('ready');
}

void main(Number(process.argv[2]));
