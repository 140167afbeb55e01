/**
 * Packets without a network: a request encoded and an answer decoded, the plaintext of both of the same size, from
 * objects to bytes and back. An answer is a list of short texts, as `get_prop` gives it. Every client is measured in
 * turns with the floor, in one process and in CPU time, since the differences are small; so is the floor itself, whose
 * ratio tells the error.
 */

import type { Case, Figure } from '../../case';
import { CLIENT_NAMES, type ClientName, type Codec, openClient } from '../clients/client';
import { TOKEN } from '../home';

interface Packets {
  params: string[];
  answer: Buffer;
}

const SIZES = [64, 256, 1024, 4096];
const TURNS = 16;
/** In each turn, of each kind. */
const PACKETS = 300;
const ID = 123_456_789;
const METHOD = 'get_prop';

export const codec: Case<ClientName> = {
  name: 'codec',
  clients: CLIENT_NAMES,
  rounds: 5,
  figures: SIZES.map(
    (size): Figure => ({
      what: `encode + decode, ${size} B (ratio)`,
      value: (sample) => sample[`ratio${size}`] ?? Number.NaN,
      unit: '',
      atLeast: 1,
    }),
  ),
  async measure(client) {
    const { codec } = openClient(client);
    const floor = openClient('floor').codec;
    const packets = SIZES.map(packetsOf);
    // Of every size before any is measured: V8 compiles anew what it has not seen, and its threads count as well.
    for (const each of packets) compare(codec, floor, each);
    const ratios = packets.map((each) => compare(codec, floor, each));
    return Object.fromEntries(SIZES.map((size, index) => [`ratio${size}`, ratios[index] ?? Number.NaN]));
  },
};

function packetsOf(size: number): Packets {
  // Not above: a fresh process of another case has to stay fresh.
  const { encode, keysOf }: typeof import('../wire') = require('../wire');
  const params = fill(size, (texts) => JSON.stringify({ id: ID, method: METHOD, params: texts }));
  const result = fill(size, (texts) => JSON.stringify({ id: ID, result: texts }));
  const plaintext = Buffer.from(JSON.stringify({ id: ID, result }));
  return { params, answer: encode(1, 1, plaintext, keysOf(Buffer.from(TOKEN, 'hex'))) };
}

/** Texts so many, and the last so long, that `text` of them has `size` characters. */
function fill(size: number, text: (texts: string[]) => string): string[] {
  const texts = [''];
  while (text(['purifier', ...texts]).length <= size) texts.unshift('purifier');
  return [...texts.slice(0, -1), '-'.repeat(size - text(texts).length)];
}

/** How many times as fast as the floor. */
function compare(codec: Codec, floor: Codec, packets: Packets): number {
  let used = 0;
  let usedByFloor = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    used += cpuOf(codec, packets);
    usedByFloor += cpuOf(floor, packets);
  }
  return usedByFloor / used;
}

function cpuOf({ encode, decode }: Codec, { params, answer }: Packets): number {
  const before = process.cpuUsage();
  for (let packet = 0; packet < PACKETS; packet++) {
    encode(ID, METHOD, params);
    decode(answer);
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
