/**
 * The way of every message to the cloud: the connection, then its turn at the rate that the cloud takes. Answers to
 * the cloud's own requests have a deadline there and do not stand in line, but count (see pace).
 *
 * Source: Alibaba Cloud IoT Platform, "Limits": 30 messages a second with QoS 0, 10 with QoS 1; what is above is dropped
 * without a word.
 */
import { MialinkError } from '../errors';
import type { Connection } from './connection';
import { Pace } from './pace';
import type { QuickMessage } from './quick-publish';

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
    this.paces = { 0: new Pace(rate), 1: new Pace(rate * QOS1_SHARE) };
  }

  /** How many messages wait for their turn. */
  get inLine(): number {
    return this.paces[0].inLine + this.paces[1].inLine;
  }

  /** Whether a message, there being a connection, may go now. */
  isFree(qos: 0 | 1): boolean {
    return this.paces[qos].isFree;
  }

  /**
   * What is left of `timeoutMs`, at least 1, when a message may go: at once if it may go now. A reply needs `replyMs`
   * of it, so nobody stands in line as long. Rejects with `notConnected`, `signInRefused`, `closed`, or `uplinkBusy`
   * when its turn does not come in time.
   */
  turn(timeoutMs: number, qos: 0 | 1, operation: string, replyMs = 0): number | Promise<number> {
    const { connection } = this.options;
    if (connection.state !== 'connected') return this.turnLater(timeoutMs, qos, operation, replyMs);
    const lineMs = Math.max(0, Math.round(timeoutMs - replyMs));
    const turn = this.paces[qos].turn(lineMs, () => this.busy(lineMs, operation));
    if (!turn) return timeoutMs;
    const start = performance.now();
    return turn.then(() => Math.max(1, timeoutMs - (performance.now() - start)));
  }

  /** With QoS 0, to be called when it is its turn. See `Connection.send`. */
  send(message: QuickMessage & { operation: string }): void {
    this.options.connection.send(message);
  }

  /** To be called when it is its turn. See `Connection.publish`. */
  publish(message: UplinkMessage, timeoutMs: number): Promise<void> {
    return this.options.connection.publish(message, timeoutMs);
  }

  /**
   * Waits for the connection only. `settle` is called when it is there, and what it throws keeps the answer back:
   * without a connection the request may be answered again, but once sent the answer may have arrived.
   */
  async answer(message: UplinkMessage, timeoutMs: number, settle?: () => void): Promise<void> {
    const { connection } = this.options;
    const leftMs = await connection.whenConnected(timeoutMs, message.operation);
    settle?.();
    this.paces[message.qos].spend();
    await connection.publish(message, leftMs);
  }

  /** What stands in line is rejected with `problem`. */
  rejectAll(problem: MialinkError): void {
    for (const pace of Object.values(this.paces)) pace.rejectAll(problem);
  }

  private async turnLater(
    timeoutMs: number,
    qos: 0 | 1,
    operation: string,
    replyMs: number,
  ): Promise<number> {
    const leftMs = await this.options.connection.whenConnected(timeoutMs, operation);
    return this.turn(leftMs, qos, operation, replyMs);
  }

  private busy(timeoutMs: number, operation: string): MialinkError {
    const { label: device, rate } = this.options;
    return new MialinkError('uplinkBusy', { device, operation, timeoutMs, waiting: this.inLine, rate });
  }
}
