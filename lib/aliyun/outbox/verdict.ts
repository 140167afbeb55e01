/**
 * What is to become of a kept post that was not delivered (pure):
 *
 *   the cloud refused it, but may take it later     kept
 *   the cloud will never take it                    refused: removed and reported
 *   it did not get there, or no reply came back     kept; the outbox counts how often no reply came
 *
 * Source: Alibaba Cloud IoT Platform, "Common codes on devices".
 */
import { MialinkError } from '../../errors';

/** Nothing is wrong with the post: too many of them, a fault or failed look-up of the cloud's own, device disabled. */
const PASSING_CODES: readonly number[] = [429, 500, 5005, 5159, 5160, 5161, 5244, 6204];

/** Whether the cloud will never take the post that failed like this. */
export function isRefusedForGood(problem: unknown): problem is MialinkError {
  if (!(problem instanceof MialinkError)) return false;
  if (problem.code === 'CONFIG' || problem.code === 'CODEC') return true;
  return problem.code === 'DEVICE' && !PASSING_CODES.includes(Number(problem.peer?.code));
}

/** Whether it was sent on a connection that did not break, and no reply came back. */
export function isUnanswered(problem: unknown): problem is MialinkError {
  return problem instanceof MialinkError && problem.reason === 'noReply';
}
