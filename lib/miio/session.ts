/**
 * The conversation with one device: a queue with one command in flight, what arrives, and the state.
 *
 *   idle ─ hello sent ▶ connecting ─ hello answered ▶ connected ─ the token does not fit ▶ refused
 *                            └───── silence ─────▶ disconnected ◀──── silence ────┘
 *   Back to connected by the next hello answered; from refused only by a command answered. closed: by close().
 *
 * How a command gets through is in `delivery`, why it does not in `clues`. Its parts call it by its public methods, not
 * by closures of its own: a program may have a thousand sessions.
 */
import { EventEmitter } from 'node:events';
import { Alarm } from '../alarm';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import { type Logger, silentLogger } from '../logger';
import type { Circumstances, Clue } from './clues';
import { type Answer, Command, type CommandOptions, type CommandOwner } from './command';
import { CommandQueue } from './command-queue';
import { Delivery } from './delivery';
import { refusalIn } from './device-errors';
import { Handshake, type HandshakeOptions, type HandshakeOwner } from './handshake';
import { type Message, parseMessage } from './message';
import { deriveKeys, type Keys, openPacket, type Packet, parsePacket } from './packet';
import type { Peer } from './peer';
import { type Request, writeRequest } from './request';
import type { MiioSocket, OnSent } from './socket';
import { TokenEvidence } from './token-evidence';
import { WATCH_INTERVAL_MS, Watch } from './watch';

export type SessionState = 'idle' | 'connecting' | 'connected' | 'disconnected' | 'refused' | 'closed';

export interface SessionOptions extends HandshakeOptions {
  /** What texts call the device. */
  label: string;
  token: Buffer;
  /** False for an address of another subnet than those of this machine; default: all are near. */
  isNear?(address: string): boolean;
  /** Default: keeps silent. */
  logger?: Logger;
}

const QUEUE_LIMIT = 100;
const HELLO: Request = { method: 'hello', body: '' };
const HELLO_TIMEOUT_MS = 5_000;

export class Session
  extends EventEmitter<{ state: [SessionState]; restarted: [] }>
  implements CommandOwner, HandshakeOwner
{
  readonly keys: Keys;
  private current: SessionState = 'idle';
  private readonly token = new TokenEvidence();
  private readonly handshake: Handshake;
  private readonly delivery: Delivery;
  /** A packet has left, or could not: then that explains what is not answered. */
  readonly onSent: OnSent = (error) => {
    if (error) this.saw({ unsent: error });
  };
  /** Rings for its commands. */
  readonly alarm = new Alarm((now) => this.waiting.tick(now));
  private readonly waiting = new CommandQueue();
  private watch: Watch | undefined;
  /** The hello of our own accord: in the queue like any command, but it gives way to every one. */
  private hello: Command | undefined;

  constructor(private readonly options: SessionOptions) {
    super();
    // Any number of users may watch the state: that is no leak to warn of.
    this.setMaxListeners(0);
    this.keys = deriveKeys(options.token);
    this.handshake = new Handshake(options, this);
    this.delivery = new Delivery(options, this.keys, this.handshake, this);
  }

  get label(): string {
    return this.options.label;
  }

  get state(): SessionState {
    return this.current;
  }

  /** Decimal, as the last hello told. */
  get deviceId(): string | undefined {
    return this.handshake.deviceId;
  }

  /** Where the device was last heard. */
  get address(): string {
    return this.handshake.peer?.address ?? this.options.address;
  }

  /** What the device last told of itself; undefined before its first hello. */
  get peer(): Readonly<Peer> | undefined {
    return this.handshake.peer;
  }

  /** Through which it speaks; whoever wants to hear more of the device adds a receiver. */
  get socket(): MiioSocket {
    return this.options.socket;
  }

  get port(): number {
    return this.options.port;
  }

  /** Queues a command; rejects with a MialinkError when it cannot be sent or is not answered in time. */
  call(method: string, params: unknown, options: CommandOptions): Promise<Answer> {
    const device = this.options.label;
    const waiting = this.waiting.length;
    if (this.current === 'closed') return Promise.reject(new MialinkError('closed', { device }));
    if (waiting >= QUEUE_LIMIT) return Promise.reject(new MialinkError('queueFull', { device, waiting }));
    const request = writeRequest(device, method, params);
    if (request instanceof MialinkError) return Promise.reject(request);
    const command = new Command(this, request, options);
    this.queue(command);
    return command.answer;
  }

  /** Discovery has met this device at another address: it is asked there when it keeps silent where it was. */
  moved(address: string): void {
    this.handshake.moved(address);
  }

  /** From now on says hello by itself (to `deviceId`, if given): soon after a silence, rarely while all is well. */
  startWatch(deviceId?: string): void {
    if (this.watch || this.current === 'closed') return;
    this.watch = new Watch(() => this.look(deviceId));
    if (this.current === 'idle') this.setState('connecting');
  }

  stopWatch(): void {
    this.watch?.stop();
    this.watch = undefined;
    this.hello?.reject(new MialinkError('closed', { device: this.options.label }));
  }

  /** Settles every command with `closed`; nothing is sent afterwards. */
  close(): void {
    this.stopWatch();
    this.setState('closed');
    this.handshake.close();
    this.waiting.reject(() => new MialinkError('closed', { device: this.options.label }));
    this.alarm.stop();
  }

  /** A command of its own is settled. */
  finished(command: Command, failure?: Error): void {
    const wasFirst = this.waiting.remove(command);
    if (this.waiting.length === 0) this.alarm.rest();
    if (wasFirst && failure && !command.givesWay) this.judge(command, failure);
    const isNews = wasFirst && this.current === 'disconnected';
    // Also a hello whose turn never came: without an answer the watch looks no more.
    if (command === this.hello || isNews) this.watch?.saw(this.handshake.valid);
    if (wasFirst) this.next();
  }

  /** A datagram from an address that its handshake has asked. */
  receive(datagram: Buffer, address: string): void {
    const packet = parsePacket(datagram);
    if (typeof packet === 'string') return;
    if (packet.kind === 'data') {
      this.receiveData(datagram, packet, address);
    } else if (this.handshake.accept(packet, address)) {
      this.waiting.first?.saw('greeted');
      this.setState(this.token.state === 'rejected' ? 'refused' : 'connected');
    }
  }

  /** What explains, with what was seen, that the command was not answered. */
  circumstances(command: Command): Circumstances {
    const { isNear = () => true } = this.options;
    const asked = this.handshake.peer ? [] : this.handshake.asked;
    const foreignAddress = asked.find((address) => !isNear(address));
    const { state } = this.token;
    return {
      tokenProven: state === 'proven' || (state === 'doubted' && !this.testsToken(command)),
      foreignAddress,
      unresolvedName: this.handshake.unresolvedName,
    };
  }

  /** What is seen of the device explains the failure of every command that waits for it. */
  saw(clue: Clue): void {
    this.waiting.saw(clue);
  }

  /** The device has; whoever has told it something tells it again. */
  restarted(): void {
    this.tell(() => this.emit('restarted'));
  }

  private queue(command: Command): void {
    if (!command.open) return;
    this.waiting.add(command);
    if (command !== this.hello) {
      // It says hello itself where that is needed: ours would only keep it waiting.
      this.hello?.resolve(0, []);
      this.waiting.giveWay();
    }
    this.next();
    // Last, since the one under way rings earlier: most deadlines need no timer.
    if (command.open) this.alarm.set(command.deadlineAt);
  }

  /** Carries the next command out, if none is under way. */
  private next(): void {
    const command = this.waiting.first;
    if (command?.state !== 'queued' || this.current === 'closed') return;
    command.start();
    if (this.current === 'idle') this.setState('connecting');
    // Under a token that has never worked only a fresh hello tells "wrong token" from "away".
    if (this.token.state !== 'proven') this.handshake.doubt(command.startedAt);
    if (command === this.hello) this.handshake.exchange(command, () => command.resolve(0, []));
    else this.delivery.deliver(command);
  }

  private receiveData(datagram: Buffer, packet: Packet, address: string): void {
    const command = this.waiting.first;
    if (!command || !this.handshake.peer?.did.equals(packet.did)) return;
    const plaintext = openPacket(datagram, this.keys);
    if (plaintext === 'checksum') this.saw('otherToken');
    if (typeof plaintext === 'string') return;
    const message = parseMessage(plaintext);
    if (message.kind === 'empty') this.saw('unreadable');
    if (!('id' in message) || message.id === undefined) return;
    const measurement = command.measure(message.id);
    if (!measurement) return;

    // The stamp is believed only now: a packet that answers nothing may be an old one, recorded and sent again.
    this.handshake.prove(packet.stamp, address);
    this.token.answered(command.method);
    this.setState('connected');
    this.waiting.forgetClues();
    this.delivery.learn(command, measurement);
    this.settle(command, message.id, message);
  }

  private settle(command: Command, id: number, message: Message): void {
    const { label: device } = this.options;
    const refusal = message.kind === 'result' ? refusalIn(message.result) : undefined;
    if (refusal) command.refuse(refusal);
    else if (message.kind === 'result') command.resolve(id, message.result);
    else if (message.kind === 'error') this.delivery.refused(command, message.error);
    else command.reject(new MialinkError('answerUnreadable', { device, method: command.method }));
  }

  /** What a failed command says about the device. */
  private judge(command: Command, failure: Error): void {
    const code = failure instanceof MialinkError ? failure.code : undefined;
    // One that was answered, with an error, has proved that the device is where it was asked.
    this.handshake.unanswered();
    if (code === 'AUTH') {
      this.token.rejected();
      this.saw('greeted');
      this.setState('refused');
    } else if (code === 'TIMEOUT' || code === 'TRANSPORT' || code === 'CONFIG') {
      if (code === 'TIMEOUT' && this.testsToken(command)) this.token.silent(command.method);
      // It may be the trial's own fault: whether the device is there tells the hello of the next command.
      const mayBeThere = code === 'TIMEOUT' && command.isTrial && this.handshake.valid;
      this.handshake.doubt(command.startedAt);
      if (!this.handshake.valid && !mayBeThere) this.setState('disconnected');
    }
  }

  /**
   * True if a silence to the command speaks against a token that has worked: not to a trial, nor where a stranger may
   * have answered hello, nor when the time was over before the device, slow as it is, could have answered.
   */
  private testsToken({ method, startedAt, isTrial }: Command): boolean {
    if (isTrial || !this.handshake.isTrusted) return false;
    return performance.now() - startedAt >= this.delivery.neededMs(method);
  }

  /** The watch wants to know whether the device is there; an answer a short while ago tells it too. */
  private look(deviceId: string | undefined): void {
    if (this.hello?.open) return;
    if (this.handshake.valid && this.handshake.heardWithin(WATCH_INTERVAL_MS)) {
      this.watch?.saw(true);
    } else {
      this.hello = new Command(this, HELLO, { timeoutMs: HELLO_TIMEOUT_MS, retries: 0, deviceId });
      // It says by `finished` what has become of it.
      this.hello.answer.catch(() => undefined);
      this.queue(this.hello);
    }
  }

  private setState(state: SessionState): void {
    if (this.current === state || this.current === 'closed') return;
    this.current = state;
    this.tell(() => this.emit('state', this.current));
  }

  private tell(emit: () => void): void {
    runListener(this.options.logger ?? silentLogger, this.options.label, emit);
  }
}
