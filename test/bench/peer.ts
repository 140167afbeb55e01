/** The peers have a package of their own, so that nobody who uses or tests this project installs them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const PEERS_DIRECTORY = join(__dirname, '../../test/bench/peers');
export const requirePeer = createRequire(join(PEERS_DIRECTORY, 'package.json'));
