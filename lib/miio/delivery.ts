/**
 * How one command gets through: hello, tries, repeats, retries.
 *
 *   try      one id: the same command again and again, since devices drop an id they have seen, so that a lost request
 *            is repaired and never runs twice; with the device's clock of that moment, so that one which has just
 *            restarted takes it. Beside the first repeats goes a hello.
 *   retry    a new id, `retries` times at most: when the answer must be lost, under a handshake that was confirmed
 *            since; or when the device answers an error that may pass (`device-errors`).
 *
 * The last try lasts until the deadline. So does one that is lost when the answer to another would likely come behind
 * it: the device would only do twice what nobody hears of. Source of the rules: the behaviour of python-miio and
 * aholstenson/miio, and the field reports on repeated ids (python-miio PR #211, #813).
 */
import { Backoff } from '../backoff';
import type { PeerError } from '../errors';
import { AnswerTimes, type Measurement, NEVER_LOST } from './answer-time';
import type { Command, Wakening } from './command';
import { isUnheard, repetitionOf } from './device-errors';
import type { Handshake } from './handshake';
import { encodeRequest, MAX_ID } from './message';
import { encodePacket, type Keys } from './packet';
import { stampNow } from './peer';
import type { MiioSocket, OnSent } from './socket';
import type { Try } from './try';

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
  private readonly awaken = (wakening: Wakening, command: Command) => {
    const { currentTry } = command;
    if (wakening === 'busy') this.pause(command);
    else if (wakening === 'refused' || !currentTry) this.deliver(command);
    else this.repeat(command, currentTry);
  };
  private readonly resume = (_: Wakening, command: Command) => this.deliver(command);

  constructor(
    private readonly options: DeliveryOptions,
    private readonly keys: Keys,
    private readonly handshake: Handshake,
    private readonly owner: { readonly onSent: OnSent },
  ) {}

  /** Sends the command until it is settled. */
  deliver(command: Command): void {
    if (this.handshake.validFor(command)) this.attempt(command);
    else this.handshake.exchange(command, () => this.attempt(command));
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

  private attempt(command: Command): void {
    const now = performance.now();
    const { currentTry, deadlineAt, method, retries } = command;
    const expected = retries === 0 ? NEVER_LOST : this.answerTimes.of(method);
    if (currentTry?.isOpen && now + expected.likelyMs > deadlineAt) {
      currentTry.goOn(expected);
      this.sendAndWait(command, currentTry, now);
    } else {
      this.sendAndWait(command, command.beginTry(this.takeId(), now, expected), now);
    }
  }

  /** The answer is overdue. */
  private repeat(command: Command, currentTry: Try): void {
    this.handshake.doubt(currentTry.startedAt);
    if (!this.handshake.valid) this.handshake.reassure(command);
    this.sendAndWait(command, currentTry, performance.now());
  }

  private sendAndWait(command: Command, currentTry: Try, now: number): void {
    const wait = currentTry.nextWait();
    if (wait === undefined) {
      this.lost(command);
    } else {
      this.send(command.body, currentTry, now);
      command.sleepUntil(now + wait, this.awaken);
    }
  }

  /** The answer must be lost, or the device is not there. */
  private lost(command: Command): void {
    this.handshake.unanswered();
    if (!this.handshake.valid) command.lostSight();
    this.deliver(command);
  }

  private pause(command: Command): void {
    command.pauses ??= new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    command.sleepUntil(performance.now() + command.pauses.next(), this.resume);
  }

  private send(body: string, currentTry: Try, now: number): void {
    const { peer } = this.handshake;
    if (!peer) return;
    currentTry.sent(now);
    const plaintext = encodeRequest(currentTry.id, body);
    const packet = encodePacket(peer.did, stampNow(peer, now), plaintext, this.keys);
    this.options.socket.send(packet, this.options.port, peer.address, this.owner.onSent);
  }

  private takeId(): number {
    const id = this.nextId;
    this.nextId = id >= MAX_ID ? 1 : id + 1;
    return id;
  }
}
