/**
 * The way of every message to the cloud: the connection, then its turn at the rate that the cloud takes. Answers to
 * the cloud's own requests have a deadline there and do not stand in line, but count.
 *
 * Source: Alibaba Cloud IoT Platform, "Limits": 30 messages a second with QoS 0, 10 with QoS 1; what is above is dropped
 * without a word.
 */
import { MialinkError } from '../errors';
import type { Connection } from './connection';
import { Pace } from './pace';

export interface UplinkMessage {
  topic: string;
  body: string | Buffer;
  qos: 0 | 1;
  /** What it is, for texts. */
  operation: string;
}

export interface UplinkOptions {
  /** For texts. */
  label: string;
  connection: Connection;
  /** Messages a second with QoS 0; a third of it with QoS 1. 0: no limit. */
  rate: number;
}

const QOS1_SHARE = 1 / 3;

export class Uplink {
  private readonly paces: Record<0 | 1, Pace>;

  constructor(private readonly options: UplinkOptions) {
    const { rate } = options;
    this.paces = { 0: new Pace(rate), 1: new Pace(rate === 0 ? 0 : Math.max(1, rate * QOS1_SHARE)) };
  }

  /** How many messages wait for their turn. */
  get inLine(): number {
    return this.paces[0].inLine + this.paces[1].inLine;
  }

  /**
   * What is left of `timeoutMs`, at least 1, when a message may go: at once if it may go now. Rejects with
   * `notConnected`, `signInRefused`, `closed`, or `uplinkBusy` when its turn does not come in time.
   */
  turn(timeoutMs: number, qos: 0 | 1, operation: string): number | Promise<number> {
    const { connection } = this.options;
    if (connection.state !== 'connected') return this.turnLater(timeoutMs, qos, operation);
    const turn = this.paces[qos].turn(timeoutMs, () => this.busy(timeoutMs, operation));
    if (!turn) return timeoutMs;
    const start = performance.now();
    return turn.then(() => Math.max(1, timeoutMs - (performance.now() - start)));
  }

  /** To be called when it is its turn. See `Connection.publish`. */
  publish(message: UplinkMessage, timeoutMs: number): Promise<void> {
    return this.options.connection.publish(message, timeoutMs);
  }

  /** Waits for the connection only. */
  async answer(message: UplinkMessage, timeoutMs: number): Promise<void> {
    this.paces[message.qos].spend();
    await this.options.connection.publish(message, timeoutMs);
  }

  /** What stands in line is rejected with `problem`. */
  rejectAll(problem: MialinkError): void {
    for (const pace of Object.values(this.paces)) pace.rejectAll(problem);
  }

  private async turnLater(timeoutMs: number, qos: 0 | 1, operation: string): Promise<number> {
    const leftMs = await this.options.connection.whenConnected(timeoutMs, operation);
    return this.turn(leftMs, qos, operation);
  }

  private busy(timeoutMs: number, operation: string): MialinkError {
    const { label: device, rate } = this.options;
    return new MialinkError('uplinkBusy', { device, operation, timeoutMs, waiting: this.inLine, rate });
  }
}
