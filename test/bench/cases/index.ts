/** The cases in the order of the table. */
import { burst } from './burst';
import type { Case } from './case';
import { codec } from './codec';
import { firstReply } from './first-reply';
import { loss } from './loss';
import { sequence } from './sequence';
import { sweep } from './sweep';
import { thousand } from './thousand';

export const CASES: Case[] = [codec, sequence, burst, thousand, ...loss, ...sweep, firstReply];
