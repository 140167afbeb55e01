/** What the cloud and the programs that post to it have in common. Loads nothing: a fresh process stays fresh. */
import type { Counterpart } from '../case';

export const PORT = 18_830;

export interface Triple {
  productKey: string;
  deviceName: string;
  deviceSecret: string;
}

/** The device of this number. */
export function tripleOf(number: number): Triple {
  return {
    productKey: 'a1b2c3d4e5f',
    deviceName: `lamp-${number}`,
    deviceSecret: 'c0ffee00c0ffee00c0ffee00c0ffee00',
  };
}

export function hostOf(network: number): string {
  return `127.${network}.0.1`;
}

/** For a case: a new cloud for each sample. It tells `Seen`. */
export const CLOUD: Counterpart = { program: 'cloud' };

/** What the cloud saw. */
export interface Seen extends Record<string, number> {
  posts: number;
  /** Posts whose counter is not that of the one before and one more. */
  outOfOrder: number;
  /** CPU time from its first post to its last, in µs. */
  cloudCpu: number;
}
