/** What the parts that command a device need of it. */
import type { Answer } from './command';

export interface CallOptions {
  /** Default: the device's. */
  timeoutMs?: number;
  /** Default: the device's. 0: one datagram, never repeated, for what must not run twice. */
  retries?: number;
  /**
   * False: -9999, with which the Wi-Fi module says that the controller behind it kept silent, is the answer and not
   * asked about again: for what can be asked otherwise. Default: true.
   */
  repeatsUnheard?: boolean;
  /**
   * True for what the device may well not answer, though it is there and the token right: of a token that has worked
   * and a device that answers hello, its silence says nothing. Default: false.
   */
  trial?: boolean;
  /**
   * True for what must keep no other command waiting: ends with `aborted` as soon as one is queued before or behind it,
   * but for those that give way too; whatever becomes of it, a failure says nothing of the device or the token.
   * Default: false.
   */
  givesWay?: boolean;
  /** Ends the call at once, with `aborted`: nothing more is sent. A command that was sent may still be executed. */
  signal?: AbortSignal;
}

/** A device, for whoever commands it. */
export interface Caller {
  /** What texts call it. */
  readonly label: string;
  /** Where it was last heard. */
  readonly address: string;
  /** Sends one command; see `MiioDevice.call`. */
  call(method: string, params?: unknown, options?: CallOptions): Promise<Answer>;
}
