/**
 * The reports of a MIoT device, as they happen: no polling.
 *
 *   probing ─ it offers reports, miIO.sub ▶ subscribed ─ silence ▶ probing
 *      └───── it offers none, or refuses ──▶ unsupported, asked again now and then.      closed: by close()
 *
 * The device is probed at once when its session is connected or hears that it has restarted, then from time to time: a
 * `sub_ts` that is not ours tells that it has forgotten us. It sends its reports to the socket that the session speaks
 * through, and wants each acknowledged. What comes is believed only if it is signed with the token and not older than
 * the device's clock. Source: the observed behaviour of ha_xiaomi_home.
 */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Backoff } from '../../backoff';
import { MialinkError, messageOf } from '../../errors';
import { runListener } from '../../listener';
import { type Logger, silentLogger } from '../../logger';
import { Rounds } from '../../rounds';
import { isRecord } from '../../untrusted';
import { type Deferred, deferred, timePassed } from '../../wait';
import { encodePacket, HELLO, openPacket, type Packet, parsePacket } from '../packet';
import { isBehind, type Peer, stampNow } from '../peer';
import type { Session, SessionState } from '../session';
import { readCall } from './call';
import { encodeProbe, isReporting, type Offer, readOffer } from './probe';
import { Repeats } from './repeats';
import { type EventReport, encodeAcknowledgement, type PropertyReport, readReport } from './report';

export type SubscriptionState = 'probing' | 'subscribed' | 'unsupported' | 'closed';

/** What a subscription needs of the session with its device. */
export type Conversation = Pick<
  Session,
  'state' | 'peer' | 'keys' | 'socket' | 'port' | 'call' | 'on' | 'off'
>;

export interface SubscriptionOptions {
  session: Conversation;
  /** What texts call the device. */
  label: string;
  /** Decimal; when given, no other device is asked. */
  deviceId?: string;
  /** Default: keeps silent. */
  logger?: Logger;
}

/** What came in answer to the probe that is under way; `plain`: as to any hello. */
interface Question {
  peer: Readonly<Peer>;
  answer: Offer | 'plain' | 'silence';
  offered: Deferred<void>;
}

/** The subscription that the device keeps for us, as far as we know. */
interface Held {
  subscribedAt: number;
  address: string;
  did: Buffer;
}

/** A probe is repeated after these times; a plain hello beside the last tells silence from ignorance. */
const PROBE_WAITS_MS = [500, 1_000, 1_500];
const PROBE_INTERVAL_MS = 30_000;
/** Firmware may learn it by an update. */
const UNSUPPORTED_INTERVAL_MS = 10 * 60_000;
/** A report that is further behind the device's clock was recorded, and is sent again. */
const STAMP_TOLERANCE_S = 3;
const SUBSCRIBE = { timeoutMs: 5_000, retries: 1 };
const UNSUBSCRIBE = { timeoutMs: 1_000, retries: 0 };

export class Subscription extends EventEmitter<{
  state: [SubscriptionState];
  properties: [PropertyReport[]];
  event: [EventReport];
}> {
  private current: SubscriptionState = 'probing';
  private readonly virtualDid = randomBytes(8).readBigUInt64BE();
  private readonly session: Conversation;
  private readonly backoff = new Backoff(1_000, 60_000);
  private readonly repeats = new Repeats();
  private readonly rounds = new Rounds(() => this.look());
  private question: Question | undefined;
  private held: Held | undefined;
  private route: { address: string; stopListening(): void } | undefined;

  constructor(private readonly options: SubscriptionOptions) {
    super();
    // Any number of users may listen: that is no leak to warn of.
    this.setMaxListeners(0);
    this.session = options.session;
  }

  get state(): SubscriptionState {
    return this.current;
  }

  /** From now on follows the device, wherever the session finds it. */
  start(): void {
    if (this.rounds.state !== 'new') return;
    this.session.on('state', this.follow);
    this.session.on('restarted', this.forgotten);
    this.rounds.start();
  }

  /** Tells the device, if it is there, to report no more. */
  async close(): Promise<void> {
    if (this.current === 'closed') return;
    this.setState('closed');
    this.session.off('state', this.follow);
    this.session.off('restarted', this.forgotten);
    this.question?.offered.resolve();
    await this.rounds.end();
    this.route?.stopListening();
    if (this.held && this.session.state === 'connected') {
      await this.session.call('miIO.unsub', this.params(secondsNow()), UNSUBSCRIBE).catch(this.note);
    }
  }

  private readonly follow = (state: SessionState): void => {
    // Who was away may have restarted, and have forgotten us.
    if (state === 'disconnected' && this.current === 'subscribed') this.setState('probing');
    if (state === 'connected') this.rounds.awaken();
    if (state === 'closed') void this.close();
  };

  private readonly forgotten = () => {
    if (this.current === 'subscribed') this.setState('probing');
    this.rounds.awaken();
  };

  /** Looks after the device once; returns when to do so again, in milliseconds. */
  private async look(): Promise<number> {
    const { peer } = this.session;
    const { deviceId } = this.options;
    if (!peer || (deviceId ?? peer.deviceId) !== peer.deviceId) return PROBE_INTERVAL_MS;
    this.listenTo(peer.address);
    const answer = await this.ask(peer);
    if (this.current === 'closed') return 0;
    if (answer === 'silence') return this.lost();
    if (answer === 'plain' || !isReporting(answer)) return this.unsupported();
    if (this.isHeld(answer, peer)) return this.subscribed();
    return this.subscribe(peer);
  }

  private async ask(peer: Readonly<Peer>): Promise<Question['answer']> {
    const question: Question = { peer, answer: 'silence', offered: deferred() };
    this.question = question;
    for (const [index, waitMs] of PROBE_WAITS_MS.entries()) {
      this.send(encodeProbe(this.virtualDid), peer);
      if (index === PROBE_WAITS_MS.length - 1) this.send(HELLO, peer);
      if (!(await timePassed(waitMs, question.offered.promise))) break;
    }
    this.question = undefined;
    return question.answer;
  }

  private isHeld({ subscribedAt }: Offer, { address, did }: Peer): boolean {
    const { held } = this;
    return held?.subscribedAt === subscribedAt && held.address === address && held.did.equals(did);
  }

  private async subscribe({ address, did, deviceId }: Peer): Promise<number> {
    const subscribedAt = Math.max(secondsNow(), (this.held?.subscribedAt ?? 0) + 1);
    this.held = { subscribedAt, address, did };
    try {
      const options = { ...SUBSCRIBE, deviceId, signal: this.rounds.signal };
      const { result } = await this.session.call('miIO.sub', this.params(subscribedAt), options);
      return isRecord(result) && result.code === 0 ? this.subscribed() : this.unsupported();
    } catch (error) {
      this.note(error);
      return error instanceof MialinkError && error.code === 'DEVICE' ? this.unsupported() : this.lost();
    }
  }

  private subscribed(): number {
    this.setState('subscribed');
    this.backoff.reset();
    return PROBE_INTERVAL_MS;
  }

  private unsupported(): number {
    this.held = undefined;
    this.setState('unsupported');
    return UNSUPPORTED_INTERVAL_MS;
  }

  private lost(): number {
    // Its silence does not mean that it has learnt to report.
    if (this.current !== 'unsupported') this.setState('probing');
    return this.backoff.next();
  }

  private listenTo(address: string): void {
    if (this.route?.address === address) return;
    this.route?.stopListening();
    const { port, socket } = this.session;
    const stopListening = socket.receive(address, port, (datagram) => this.receive(datagram));
    this.route = { address, stopListening };
  }

  private receive(datagram: Buffer): void {
    const packet = parsePacket(datagram);
    if (typeof packet === 'string' || this.current === 'closed') return;
    if (packet.kind === 'handshake') this.receiveAnswer(packet);
    else this.receiveReport(datagram, packet);
  }

  private receiveAnswer({ did, checksumField }: Packet): void {
    const { question } = this;
    if (!question?.peer.did.equals(did)) return;
    const offer = readOffer(checksumField);
    if (offer) {
      question.answer = offer;
      question.offered.resolve();
    } else if (question.answer === 'silence') {
      question.answer = 'plain';
    }
  }

  private receiveReport(datagram: Buffer, packet: Packet): void {
    const { keys, peer } = this.session;
    if (!this.held || !peer?.did.equals(packet.did)) return;
    const plaintext = openPacket(datagram, keys);
    if (typeof plaintext === 'string' || isBehind(peer, packet.stamp, STAMP_TOLERANCE_S)) return;
    const call = readCall(plaintext);
    const report = call && readReport(call);
    if (!report) return;
    // Also a repeat: it came again because its acknowledgement was lost.
    this.send(encodePacket(peer.did, stampNow(peer), encodeAcknowledgement(call.id), keys), peer);
    if (this.repeats.isRepeat(call.id, packet.checksumField)) return;
    if (report.kind === 'event') this.tell(() => this.emit('event', report.event));
    else if (report.properties.length > 0) this.tell(() => this.emit('properties', report.properties));
  }

  private send(packet: Buffer, { address }: Readonly<Peer>): void {
    this.session.socket.send(packet, this.session.port, address, (error) => {
      if (error) this.note(error);
    });
  }

  private params(updatedAt: number): object {
    return { version: '2.0', did: String(this.virtualDid), update_ts: updatedAt, sub_method: '.' };
  }

  private setState(state: SubscriptionState): void {
    if (this.current === state || this.current === 'closed') return;
    this.current = state;
    this.tell(() => this.emit('state', state));
  }

  private tell(emit: () => void): void {
    runListener(this.options.logger ?? silentLogger, this.options.label, emit);
  }

  private readonly note = (error: unknown): void => {
    this.options.logger?.debug(`${this.options.label}: ${messageOf(error)}`);
  };
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1_000);
}
