/**
 * The firmware upgrade of one device from a local file:
 *
 *   open the file, digest ─▶ device is free? ─▶ serve the file ─▶ order ─▶ follow ─▶ installed
 *                                 │ no                              │ refused │ not fetched, failed, rejected
 *                                 └─────────────────────────────────┴─────────┴──▶ one error
 *
 * A program that ends in mid-course cannot take its order back. So the next one says that the order is a repeated one:
 * it waits until the device is free, and gives no order to one that runs the version already.
 *
 * The deadline, the caller's signal and a file that cannot be read any more end it in each of these places. When it has
 * ended, in whatever way, nothing is served any more.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { onAbort } from '../../abort';
import { MialinkError } from '../../errors';
import { runListener } from '../../listener';
import { type Logger, silentLogger } from '../../logger';
import type { Caller } from '../caller';
import { localAddressTo } from '../local-address';
import { textOf, wholeNumber } from '../settings';
import { type Reading, UNKNOWN } from './answers';
import { borneUnlessCancelled, OtaCommands } from './commands';
import { FileServer } from './file-server';
import { FirmwareFile } from './firmware-file';
import { follow, type UpgradeProgress, type UpgradeResult } from './follow';

export interface UpgradeOptions {
  /** Deadline of the whole upgrade in milliseconds; default 600000. */
  timeoutMs?: number;
  /**
   * IP address or host name under which the device reaches this machine; blank: the address from which this machine
   * reaches the device, which is another in a Docker network or behind a router. One given, the file is served on every
   * interface, or at the device's bind address.
   */
  address?: string;
  /** Where the file is served; default: any that is free. */
  port?: number;
  /** The version that the file brings, as `miIO.info` will tell it, if that is known: another one is a failure. */
  version?: string;
  /** The device may have been given this file before, by a program that ended meanwhile; default false. */
  repeated?: boolean;
  signal?: AbortSignal;
  /** When percent or state have changed. */
  onProgress?: (progress: UpgradeProgress) => void;
  logger?: Logger;
  /** How long nothing must have happened before nothing more is expected, in milliseconds; default 30000. */
  quietMs?: number;
  /** The same of a device that has the whole file and has not restarted yet; default 120000. */
  restartMs?: number;
  /** The first waiting time between two looks at the device, in milliseconds; default 1000, at most five times that. */
  pollMs?: number;
}

/** A `MiioDevice`, or what is upgraded like one. */
export interface Upgradable extends Caller {
  /** Whether an upgrade of it is under way: one mark for all who speak to the device. */
  readonly upgrade: { state: 'none' | 'underWay' };
  /** The address of this machine from which it is spoken to; blank: any. */
  readonly bindAddress: string;
}

/**
 * Rejects with one MialinkError: CONFIG (`firmwareUnreadable`, `firmwareNotServed`, `settingInvalid`), DEVICE
 * (`upgradeBusy`, `upgradeRefused`, `upgradeFailed`, `upgradeRejected`, `upgradeOtherVersion`), TRANSPORT
 * (`upgradeUnderWay`, `upgradeNotFetched`), TIMEOUT (`upgradeUnfinished`), CANCELLED (`aborted`), or as `Caller.call` does.
 */
export async function upgradeFirmware(
  device: Upgradable,
  path: string,
  options: UpgradeOptions = {},
): Promise<UpgradeResult> {
  const upgrade = new Upgrade(device, options);
  const mark = device.upgrade;
  if (mark.state === 'underWay') throw new MialinkError('upgradeUnderWay', { device: device.label });
  mark.state = 'underWay';
  try {
    return await upgrade.run(path);
  } finally {
    mark.state = 'none';
  }
}

/** For the end of what was ordered before. */
const WAITING = 'waiting';
/** How often a device is asked that does not answer, before the first order. */
const MOST_LOOKS = 3;

class Upgrade {
  private readonly label: string;
  private readonly timeoutMs: number;
  private readonly pollMs: number;
  private readonly quietMs: number;
  private readonly restartMs: number;
  private readonly address: string;
  /** Aborted with the error that the upgrade ends with. */
  private readonly end = new AbortController();
  private readonly commands: OtaCommands;
  private state = UNKNOWN;

  constructor(
    private readonly device: Upgradable,
    private readonly options: UpgradeOptions,
  ) {
    this.label = device.label;
    const { timeoutMs = 600_000, pollMs = 1_000, quietMs = 30_000, restartMs = 120_000, address } = options;
    this.timeoutMs = wholeNumber(this.label, 'timeoutMs', 1, timeoutMs);
    this.pollMs = wholeNumber(this.label, 'pollMs', 1, pollMs);
    this.quietMs = wholeNumber(this.label, 'quietMs', 1, quietMs);
    this.restartMs = wholeNumber(this.label, 'restartMs', 1, restartMs);
    this.address = checkAddress(this.label, address);
    this.commands = new OtaCommands(device, this.end.signal);
  }

  async run(path: string): Promise<UpgradeResult> {
    const { end, label, timeoutMs } = this;
    const { signal } = this.options;
    const cancel = () => end.abort(new MialinkError('aborted', { device: label }));
    const expire = () => {
      end.abort(new MialinkError('upgradeUnfinished', { device: label, timeoutMs, state: this.state }));
    };
    const timer = setTimeout(expire, timeoutMs);
    if (signal?.aborted) cancel();
    else if (signal) onAbort(signal, cancel);
    try {
      return await this.withFile(path);
    } catch (error) {
      // Whatever broke, it broke because the upgrade was over.
      throw end.signal.aborted ? end.signal.reason : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    }
  }

  private async withFile(path: string): Promise<UpgradeResult> {
    const file = await FirmwareFile.open(path, this.label);
    try {
      return await this.flash(file);
    } finally {
      await file.close();
    }
  }

  private async flash(file: FirmwareFile): Promise<UpgradeResult> {
    const { commands, end, label, pollMs, quietMs, restartMs } = this;
    const { version: target, repeated } = this.options;
    const md5 = await file.md5(end.signal);
    const before = await this.untilFree();
    const { state, version } = before;
    if (repeated && version !== undefined && version === target) return { state, version };
    const server = await this.serve(file);
    try {
      await commands.order(server.url, md5, () => server.requests > 0);
      this.report({ percent: 1, state: 'ordered' });
      const onProgress = (progress: UpgradeProgress) => this.report(progress);
      const { signal } = end;
      const options = { label, signal, pollMs, quietMs, restartMs, target, onProgress };
      return await follow(commands, server, before, options);
    } finally {
      await server.close();
    }
  }

  /** What the device runs when it can be given an order: now, or, of a repeated one, as soon as it can. */
  private async untilFree(): Promise<Reading & { state: string }> {
    const { commands, end, pollMs } = this;
    const { repeated } = this.options;
    for (let looks = 1; ; looks++) {
      try {
        const state = await commands.assertFree();
        return { ...(await commands.firmware()), state };
      } catch (error) {
        // A packet lost must not be the end: for a task of the cloud a failure is final.
        if (!repeated && !(isSilence(error) && looks < MOST_LOOKS)) throw error;
        borneUnlessCancelled(error);
      }
      if (repeated && this.state !== WAITING) this.report({ percent: 1, state: WAITING });
      await pause(pollMs, undefined, { signal: end.signal });
    }
  }

  private async serve(file: FirmwareFile): Promise<FileServer> {
    const { address, device, end, label } = this;
    const { port } = this.options;
    const { bindAddress } = device;
    const host = bindAddress || (address ? '0.0.0.0' : await localAddressTo(device.address, label));
    const onUnreadable = (error: MialinkError) => end.abort(error);
    return FileServer.start(file, { label, host, address: address || host, port, onUnreadable });
  }

  private report(progress: UpgradeProgress): void {
    this.state = progress.state;
    const { logger = silentLogger, onProgress } = this.options;
    if (onProgress) runListener(logger, this.label, () => onProgress(progress));
  }
}

/** `address`, if it is one that a URL can hold; throws `settingInvalid`. */
function checkAddress(device: string, given: unknown): string {
  const address = textOf(device, 'address', given);
  if (/^[\w.-]*$/.test(address)) return address;
  const rule = 'an IP address or a host name';
  throw new MialinkError('settingInvalid', { device, field: 'address', rule, value: address });
}

/** Whether the device has not answered the question, which a token that does not fit looks like as well. */
function isSilence(error: unknown): boolean {
  return error instanceof MialinkError && (error.code === 'TIMEOUT' || error.reason === 'tokenRejected');
}
