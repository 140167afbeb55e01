/** What goes wrong in a simulated cloud, changed at any time. */
import type { Post } from './device-events';
import type { Validation } from './functions/model';

export interface Knobs {
  /** Refuses every sign-in with this CONNACK code, 2 to 5. */
  refuse: number | null;
  /** Requests are carried out, but not answered. */
  dropReplies: boolean;
  /** Every n-th reply is lost; 0: none. */
  dropEvery: number;
  /** Says which requests are carried out, but not answered. */
  dropReplyTo: ((post: Post) => boolean) | null;
  delayRepliesMs: number;
  /** Other than 200: no request is carried out, each is answered with this code. */
  replyCode: number;
  /** Every reply goes out twice. */
  duplicateReplies: boolean;
  /** So many uplinks a second are taken of one device, what is above is dropped without a word; 0: no limit. */
  throttle: number;
  /** The cloud's clock minus ours, as NTP tells it. */
  clockSkewMs: number;
  /** Every notice of a firmware goes out twice. */
  pushTwice: boolean;
  /** The remote configuration of the products is off. */
  configOff: boolean;
  /** What a thing model does to values that break it. */
  validation: Validation;
}

export function noFaults(): Knobs {
  return {
    refuse: null,
    dropReplies: false,
    dropEvery: 0,
    dropReplyTo: null,
    delayRepliesMs: 0,
    replyCode: 200,
    duplicateReplies: false,
    throttle: 0,
    clockSkewMs: 0,
    pushTwice: false,
    configOff: false,
    validation: 'weak',
  };
}
