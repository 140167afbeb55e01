/** miIO: the clients of devices on the LAN, beside a floor. */
import type { Suite } from '../case';
import { burst } from './cases/burst';
import { codec } from './cases/codec';
import { firstReply } from './cases/first-reply';
import { loss } from './cases/loss';
import { sequence } from './cases/sequence';
import { sweep } from './cases/sweep';
import { thousand } from './cases/thousand';
import { CLIENT_NAMES } from './clients/client';

export const suite: Suite = {
  name: 'miio',
  base: 'floor',
  clients: CLIENT_NAMES,
  // In the order of the table.
  cases: [codec, sequence, burst, thousand, ...loss, ...sweep, firstReply],
};
