/**
 * The program of the thread that computes the digest of a large file. Plain text, since a thread begins with a program
 * of its own: as text it is the same from the sources, in the tests and in the bundle, where no file of that name is.
 *
 *   in   { upTo, last }   the file holds this many bytes; nothing follows the last one
 *   out  the digest, in lower-case hexadecimal digits, once, after the last
 */
export const DIGEST_WORKER = `
const { createHash } = require('node:crypto');
const { constants, openSync, readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');

const hash = createHash(workerData.method);
const file = openSync(workerData.path, constants.O_RDONLY | constants.O_NOFOLLOW);
const piece = Buffer.allocUnsafeSlow(256 * 1024);
let done = 0;

parentPort.on('message', ({ upTo, last }) => {
  while (done < upTo) {
    const count = readSync(file, piece, 0, Math.min(piece.length, upTo - done), done);
    if (count === 0) throw new Error('the file is shorter than what was written');
    hash.update(piece.subarray(0, count));
    done += count;
  }
  if (!last) return;
  parentPort.postMessage(hash.digest('hex'));
  parentPort.close();
});
`;
