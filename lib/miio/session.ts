/**
 * The conversation with one device: a queue with one command in flight, ids, repeats and retries.
 *
 *   idle ─ hello sent ▶ connecting ─ hello answered ▶ connected ─ the token does not fit ▶ refused
 *                            └───── silence ─────▶ disconnected ◀──── silence ────┘
 *   Back to connected by the next hello answered; from refused only by a command answered. closed: by close().
 *
 * A command is sent as the same packet again and again within one try (devices drop an id they have seen, so a lost
 * request is repaired and never runs twice), then under a fresh handshake and a fresh id, `retries` times at most.
 * An answer to any of its ids settles it. The last try lasts until the deadline. A watched session says hello by
 * itself, so that its state is true without a command. Source of the rules: the behaviour of python-miio and
 * aholstenson/miio, and the field reports on repeated ids (python-miio PR #211, #813).
 */
import { randomInt } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Backoff } from '../backoff';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import { type Logger, silentLogger } from '../logger';
import { timePassed } from '../wait';
import { AnswerTime, waits } from './answer-time';
import { type Answer, type Clue, Command, type CommandOptions, requestProblem } from './command';
import { Handshake, type HandshakeOptions, stampNow } from './handshake';
import { encodeRequest, MAX_ID, parseMessage } from './message';
import { deriveKeys, encodePacket, type Keys, openPacket, type Packet, parsePacket } from './packet';

export type SessionState = 'idle' | 'connecting' | 'connected' | 'disconnected' | 'refused' | 'closed';

export interface SessionOptions extends HandshakeOptions {
  /** What texts call the device. */
  label: string;
  token: Buffer;
  /** Default: keeps silent. */
  logger?: Logger;
}

const QUEUE_LIMIT = 100;
/** Answer times are kept for this many methods of a device. */
const METHODS_MEASURED = 64;
const WATCH_INTERVAL_MS = 30_000;
const PROBE: CommandOptions = { timeoutMs: 5_000, retries: 0 };

export class Session extends EventEmitter<{ state: [SessionState] }> {
  private current: SessionState = 'idle';
  /** What commands have shown of the token; hello shows nothing. */
  private token: 'untried' | 'proven' | 'rejected' = 'untried';
  private readonly keys: Keys;
  private readonly handshake: Handshake;
  private readonly waiting = new Set<Command>();
  private turn: Promise<void> = Promise.resolve();
  private inFlight: Command | undefined;
  private nextId = randomInt(100_000, 2 ** 30);
  private readonly answerTimes = new Map<string, AnswerTime>();
  private watch: { timer?: NodeJS.Timeout; deviceId?: string; backoff: Backoff } | undefined;

  constructor(private readonly options: SessionOptions) {
    super();
    // Any number of users may watch the state: that is no leak to warn of.
    this.setMaxListeners(0);
    this.keys = deriveKeys(options.token);
    this.handshake = new Handshake(options, {
      receive: (datagram) => this.receive(datagram),
      saw: (clue) => this.saw(clue),
    });
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

  /** Queues a command; rejects with a MialinkError when it cannot be sent or is not answered in time. */
  call(method: string, params: unknown, options: CommandOptions): Promise<Answer> {
    const problem = this.refusal(method, params);
    if (problem) return Promise.reject(problem);
    const command = this.command(method, params, options);
    this.turn = this.turn.then(() => this.carryOut(command));
    return command.finished;
  }

  /** From now on says hello by itself (to `deviceId`, if given): soon after a silence, rarely while all is well. */
  startWatch(deviceId?: string): void {
    if (this.watch || this.current === 'closed') return;
    this.watch = { deviceId, backoff: new Backoff(1_000, 60_000) };
    if (this.current === 'idle') this.setState('connecting');
    this.scheduleProbe(0);
  }

  stopWatch(): void {
    clearTimeout(this.watch?.timer);
    this.watch = undefined;
  }

  /** Settles every command with `closed`; nothing is sent afterwards. */
  close(): void {
    this.stopWatch();
    this.setState('closed');
    this.handshake.close();
    for (const command of this.waiting) {
      command.reject(new MialinkError('closed', { device: this.options.label }));
    }
  }

  private refusal(method: string, params: unknown): MialinkError | undefined {
    const device = this.options.label;
    if (this.current === 'closed') return new MialinkError('closed', { device });
    if (this.waiting.size >= QUEUE_LIMIT) {
      return new MialinkError('queueFull', { device, waiting: this.waiting.size });
    }
    return requestProblem(device, method, params);
  }

  private command(method: string, params: unknown, options: CommandOptions): Command {
    const command = new Command(
      this.options.label,
      { method, params },
      options,
      () => this.token === 'proven',
    );
    this.waiting.add(command);
    command.finished.then(
      () => this.waiting.delete(command),
      (failure: unknown) => {
        this.waiting.delete(command);
        if (this.inFlight === command) this.judge(failure);
      },
    );
    return command;
  }

  private async carryOut(command: Command): Promise<void> {
    if (!command.start()) return;
    this.inFlight = command;
    try {
      await this.tryRepeatedly(command);
    } catch (error) {
      command.reject(error instanceof Error ? error : new Error(String(error)));
    }
    await command.finished.catch(() => undefined);
    this.inFlight = undefined;
  }

  private async tryRepeatedly(command: Command): Promise<void> {
    for (let retry = 0; command.open; retry++) {
      await this.greet(command);
      if (!command.open) return;
      await this.sendUnderNewId(command, retry >= command.retries);
      if (!command.open) return;
      this.handshake.forget();
      command.lostSight();
    }
  }

  /** Returns with a valid handshake, or when the command is finished. */
  private async greet(command: Command): Promise<void> {
    // Under a token that has never worked only a fresh hello tells "wrong token" from "away".
    if (this.token === 'proven' && this.handshake.validFor(command)) return;
    if (this.current === 'idle') this.setState('connecting');
    await this.handshake.exchange(command);
    if (this.handshake.valid) command.saw('greeted');
  }

  /** One try: the same packet again and again; the last try goes on until the deadline. */
  private async sendUnderNewId(command: Command, last: boolean): Promise<void> {
    const { peer } = this.handshake;
    if (!peer) return;
    const id = this.takeId();
    const answerTime = this.answerTimeOf(command.method);
    const packet = encodePacket(
      peer.did,
      stampNow(peer),
      encodeRequest(id, command.method, command.params),
      this.keys,
    );
    const sentAt = performance.now();
    let packets = 0;
    command.ids.set(id, () => answerTime.add(performance.now() - sentAt, packets > 1));
    for (const wait of waits(answerTime.waitMs, last, command.retries)) {
      try {
        await this.options.socket.send(packet, this.options.port, peer.address);
        packets++;
      } catch (error) {
        this.saw({ unsent: error });
      }
      if (!(await timePassed(wait, command.finished))) return;
    }
  }

  private receive(datagram: Buffer): void {
    const packet = parsePacket(datagram);
    if (typeof packet === 'string') return;
    if (packet.kind === 'data') this.receiveData(datagram, packet);
    else if (this.handshake.accept(packet))
      this.setState(this.token === 'rejected' ? 'refused' : 'connected');
  }

  private receiveData(datagram: Buffer, packet: Packet): void {
    const command = this.inFlight;
    if (!command || !this.handshake.peer?.did.equals(packet.did)) return;
    const plaintext = openPacket(datagram, this.keys);
    if (plaintext === 'checksum') this.saw('otherToken');
    if (typeof plaintext === 'string') return;
    const message = parseMessage(plaintext);
    if (message.kind === 'empty') this.saw('unreadable');
    if (!('id' in message) || message.id === undefined) return;
    const measure = command.ids.get(message.id);
    if (!measure) return;

    // The stamp is believed only now: a packet that answers nothing may be an old one, recorded and sent again.
    this.handshake.refresh(packet.stamp);
    this.token = 'proven';
    this.setState('connected');
    for (const each of this.waiting) each.forgetClue();
    measure();
    if (message.kind === 'result') command.resolve(message.id, message.result);
    else if (message.kind === 'error') command.refuse(message.error);
    else
      command.reject(
        new MialinkError('answerUnreadable', { device: this.options.label, method: command.method }),
      );
  }

  /** What a failed command says about the device. */
  private judge(failure: unknown): void {
    const code = failure instanceof MialinkError ? failure.code : undefined;
    if (code === 'AUTH') {
      this.saw('greeted');
      this.token = 'rejected';
      this.setState('refused');
    } else if (code === 'TIMEOUT' || code === 'TRANSPORT' || code === 'CONFIG') {
      // A token that worked may have been changed meanwhile: the next command looks afresh.
      if (this.token === 'proven') this.token = 'untried';
      this.handshake.forget();
      this.setState('disconnected');
      if (this.watch) this.scheduleProbe(this.watch.backoff.next());
    }
  }

  private scheduleProbe(ms: number): void {
    if (!this.watch) return;
    clearTimeout(this.watch.timer);
    this.watch.timer = setTimeout(() => {
      this.turn = this.turn.then(() => this.probe());
    }, ms);
  }

  /** A hello of our own accord; a command that comes meanwhile waits for it and profits from it. */
  private async probe(): Promise<void> {
    const { watch } = this;
    if (!watch) return;
    if (!this.handshake.heardWithin(WATCH_INTERVAL_MS)) {
      const hello = this.command('hello', [], { ...PROBE, deviceId: watch.deviceId });
      hello.start();
      await this.handshake.exchange(hello);
      hello.resolve(0, []);
    }
    if (this.handshake.valid) {
      watch.backoff.reset();
      this.scheduleProbe(WATCH_INTERVAL_MS);
    } else {
      this.setState('disconnected');
      this.scheduleProbe(watch.backoff.next());
    }
  }

  /** What is seen of the device explains the failure of every command that waits for it. */
  private saw(clue: Clue): void {
    for (const command of this.waiting) command.saw(clue);
  }

  private setState(state: SessionState): void {
    if (this.current === state || this.current === 'closed') return;
    this.current = state;
    runListener(this.options.logger ?? silentLogger, this.options.label, () => this.emit('state', state));
  }

  private answerTimeOf(method: string): AnswerTime {
    const known = this.answerTimes.get(method) ?? new AnswerTime();
    if (this.answerTimes.size < METHODS_MEASURED) this.answerTimes.set(method, known);
    return known;
  }

  private takeId(): number {
    const id = this.nextId;
    this.nextId = id >= MAX_ID ? 1 : id + 1;
    return id;
  }
}
