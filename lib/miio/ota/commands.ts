/**
 * The commands of an update: what they send, and how far a failure to answer is borne.
 *
 *   miIO.ota  {"mode":"normal","install":"1","app_url":URL,"file_md5":32 hex digits,"proc":"dnld install"} -> ["ok"]
 *
 * Source: the observed behaviour of python-miio's updater and of devices.
 */
import { MialinkError } from '../../errors';
import type { Caller } from '../caller';
import { type Reading, readFirmware, readProgress, readRefusal, readState } from './answers';
import { isFree } from './verdict';

/** Long enough for a module that waits for its slow processor; a device that installs is silent anyway. */
const ANSWER_MS = 5_000;
const MOST_ORDERS = 3;

export class OtaCommands {
  constructor(
    private readonly device: Caller,
    private readonly signal: AbortSignal,
  ) {}

  async state(): Promise<string> {
    return readState(await this.ask('miIO.get_ota_state'));
  }

  /** Undefined as well from a device that does not tell it. */
  async progress(): Promise<number | undefined> {
    return readProgress(await this.ask('miIO.get_ota_progress').catch(borneIfAnswered));
  }

  /** Nothing is known of a device that does not tell it, as some do without their cloud. */
  async firmware(): Promise<Reading> {
    const result = await this.ask('miIO.info').catch(borneIfAnswered);
    return { ...readFirmware(result), atS: performance.now() / 1_000 };
  }

  /** Rejects with `upgradeBusy` unless the device can be given an order; resolves with its state. */
  async assertFree(): Promise<string> {
    const state = await this.state();
    if (await this.isFreeIn(state)) return state;
    throw new MialinkError('upgradeBusy', { device: this.device.label, state });
  }

  /**
   * Gives the order, which must not be carried out twice: it is sent again only if it was not answered, the device says
   * that it is free, and nobody has `come` for the file. Rejects with `upgradeRefused`, or as a call does.
   */
  async order(url: string, md5: string, come: () => boolean): Promise<void> {
    const order = { mode: 'normal', install: '1', app_url: url, file_md5: md5, proc: 'dnld install' };
    for (let given = 1; !(await this.answered(order)); given++) {
      const state = come() ? undefined : await this.state().catch(borneUnlessCancelled);
      if (state === undefined || !(await this.isFreeIn(state))) return;
      if (given === MOST_ORDERS) {
        throw new MialinkError('noAnswer', {
          device: this.device.label,
          method: 'miIO.ota',
          timeoutMs: ANSWER_MS,
        });
      }
    }
  }

  private async isFreeIn(state: string): Promise<boolean> {
    return isFree(state, undefined) || isFree(state, await this.progress().catch(borneUnlessCancelled));
  }

  /** False if nothing is known of the order. */
  private async answered(order: object): Promise<boolean> {
    const device = this.device.label;
    try {
      const { signal } = this;
      const { result } = await this.device.call('miIO.ota', order, {
        timeoutMs: ANSWER_MS,
        retries: 0,
        signal,
      });
      const answer = readRefusal(result);
      if (answer === undefined) return true;
      throw new MialinkError('upgradeRefused', { device, answer }, { peer: { code: answer, message: '' } });
    } catch (error) {
      if (!(error instanceof MialinkError)) throw error;
      if (error.code === 'TIMEOUT') return false;
      // No refusal at least: the device has got the order, and must not get it again before it has begun.
      if (error.code === 'CODEC') return true;
      if (error.code !== 'DEVICE' || error.reason === 'upgradeRefused') throw error;
      const answer = [error.peer?.code, error.peer?.message].filter(Boolean).join(' ');
      throw new MialinkError('upgradeRefused', { device, answer }, { cause: error, peer: error.peer });
    }
  }

  private async ask(method: string): Promise<unknown> {
    const { result } = await this.device.call(method, [], { timeoutMs: ANSWER_MS, signal: this.signal });
    return result;
  }
}

/** Whether the device has answered, though not to the question: it is there. */
export function isAnswer(error: unknown): boolean {
  return error instanceof MialinkError && (error.code === 'DEVICE' || error.code === 'CODEC');
}

function borneIfAnswered(error: unknown): undefined {
  if (isAnswer(error)) return undefined;
  throw error;
}

/** Silence, an error, a token that seems not to fit: a device that is at work may show anything. */
export function borneUnlessCancelled(error: unknown): undefined {
  if (error instanceof MialinkError && error.code !== 'CANCELLED') return undefined;
  throw error;
}
