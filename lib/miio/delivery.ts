/**
 * How one command gets through: hello, tries, repeats, retries.
 *
 *   try      one id: the same command again and again, since devices drop an id they have seen, so that a lost request
 *            is repaired and never runs twice; with the device's clock of that moment, so that one which has just
 *            restarted takes it. Beside the first repeats goes a hello.
 *   retry    a new id, `retries` times at most: when the answer must be lost, under a handshake that was confirmed
 *            since; or when the device answers an error that may pass (`device-errors`).
 *
 * The last try lasts until the deadline. Source of the rules: the behaviour of python-miio and aholstenson/miio, and
 * the field reports on repeated ids (python-miio PR #211, #813).
 */
import { Backoff } from '../backoff';
import type { PeerError } from '../errors';
import { AnswerTimes, type Measurement, waits } from './answer-time';
import type { Clue } from './clues';
import type { Command, Wakening } from './command';
import { isUnheard, repetitionOf } from './device-errors';
import { type Handshake, stampNow } from './handshake';
import { encodeRequest, MAX_ID } from './message';
import { encodePacket, type Keys } from './packet';
import type { MiioSocket } from './socket';

export interface DeliveryOptions {
  socket: MiioSocket;
  port: number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4_000;

export class Delivery {
  /** No secret: an answer proves itself by its checksum. */
  private nextId = 100_000 + Math.floor(Math.random() * 2 ** 30);
  private readonly answerTimes = new AnswerTimes();
  private readonly unsent = (error: unknown) => this.owner.saw({ unsent: error });

  constructor(
    private readonly options: DeliveryOptions,
    private readonly keys: Keys,
    private readonly handshake: Handshake,
    private readonly owner: { saw(clue: Clue): void },
  ) {}

  /** Sends the command until it is settled. */
  deliver(command: Command): void {
    if (this.handshake.validFor(command)) this.sendUnderNewId(command);
    else this.handshake.exchange(command, () => this.sendUnderNewId(command));
  }

  /** The device has answered the command, and it took so long. */
  learn(command: Command, measurement: Measurement): void {
    this.answerTimes.add(command.method, measurement);
  }

  /** How long the device may take to answer this method, by what it took before; 0: that is not known. */
  neededMs(method: string): number {
    return this.answerTimes.of(method).neededMs;
  }

  /** The device has answered with an error: the end, or the reason for the next try. */
  refused(command: Command, peer: PeerError): void {
    const repetition = repetitionOf(peer);
    const spent = repetition === 'once' && command.refusal?.code === peer.code;
    const isAnswer = isUnheard(peer) && !command.repeatsUnheard;
    if (repetition === 'never' || spent || isAnswer || command.triesLeft === 0) command.refuse(peer);
    else command.repeatAfter(peer, repetition === 'later' ? 'busy' : 'refused');
  }

  private sendUnderNewId(command: Command): void {
    const id = this.takeId();
    command.beginTry(id);
    const waits = this.waitsOf(command);
    const startedAt = performance.now();
    const sendAndWait = (now: number) => {
      const { value: wait } = waits.next();
      if (wait === undefined) return this.lost(command);
      this.send(command, id, now);
      command.sleepUntil(now + wait, awaken);
    };
    const awaken = (wakening: Wakening) => {
      if (wakening === 'finished') return;
      if (wakening === 'refused') return this.deliver(command);
      if (wakening === 'busy') return this.pause(command);
      this.handshake.doubt(startedAt);
      if (!this.handshake.valid) this.handshake.reassure(command);
      sendAndWait(performance.now());
    };
    sendAndWait(startedAt);
  }

  /** The answer must be lost, or the device is not there. */
  private lost(command: Command): void {
    this.handshake.unanswered();
    if (!this.handshake.valid) command.lostSight();
    this.deliver(command);
  }

  private pause(command: Command): void {
    command.pauses ??= new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    command.sleepUntil(performance.now() + command.pauses.next(), (wakening) => {
      if (wakening !== 'finished') this.deliver(command);
    });
  }

  private waitsOf(command: Command): Iterator<number, undefined> {
    if (command.retries === 0) return [Number.POSITIVE_INFINITY].values();
    return waits(this.answerTimes.of(command.method), command.triesLeft === 0);
  }

  private send(command: Command, id: number, now: number): void {
    const { peer } = this.handshake;
    if (!peer) return;
    command.sent(now);
    const plaintext = encodeRequest(id, command.body);
    const packet = encodePacket(peer.did, stampNow(peer, now), plaintext, this.keys);
    this.options.socket.send(packet, this.options.port, peer.address).catch(this.unsent);
  }

  private takeId(): number {
    const id = this.nextId;
    this.nextId = id >= MAX_ID ? 1 : id + 1;
    return id;
  }
}
