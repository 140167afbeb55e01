/** What the devices and the programs that command them have in common. Loads nothing: a fresh process stays fresh. */
import type { Counterpart } from '../case';

/** The token of every device. */
export const TOKEN = '31c928032e6a4afc898c5c8768a518fb';

export interface HomeOptions {
  /** How many devices there are. */
  devices: number;
  /** From a command to its answer; default 0. */
  delayMs?: number;
  /** The part of the packets that is lost on the way in, and as large a part on the way out; default 0. */
  loss?: number;
}

/** For a case: new devices for each sample. They tell their Counts. */
export function homeOf(options: HomeOptions): Counterpart {
  return { program: 'devices', options };
}

/** What the devices saw. A command is known by its first parameter; miIO.info is not counted. */
export interface Counts {
  /** Different commands that were carried out. */
  executed: number;
  /** Those carried out more than once. */
  executedTwice: number;
  /** Those carried out again although an answer was on its way, and not lost. */
  executedInVain: number;
  /** When the first packet came, by `clock`. */
  firstPacketAt: number;
}

/** The addresses of a home: 127.<network>.0.1 and those that follow it. */
export function addressesOf(network: number, devices: number): string[] {
  return Array.from({ length: devices }, (_, index) => {
    const host = index + 1;
    return `127.${network}.${host >> 8}.${host & 0xff}`;
  });
}

/** Milliseconds of the monotonic clock, which all processes of this machine share. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
