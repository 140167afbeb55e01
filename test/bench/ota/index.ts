/** Firmware downloads: ours beside a bare Node stream and the pipe that a person would write. */
import type { Suite } from '../case';
import { https } from './cases/https';
import { memory } from './cases/memory';
import { stream } from './cases/stream';
import { CLIENT_NAMES } from './clients/client';

export const suite: Suite = {
  name: 'ota',
  base: 'bare',
  clients: CLIENT_NAMES,
  // In the order of the table.
  cases: [...https, memory, ...stream],
};
