/**
 * The program of a device, and what it remembers without power: its token, its values, its version. Optional abilities
 * (a local subscription, a gateway's scenes, ...) are parts of their own.
 */
import type { EventEmitter } from 'node:events';
import { commonMethods, type Identity } from './common-methods';
import type { DeviceEvents } from './events';
import { noFaults, takeRefusal } from './faults';
import { Gateway } from './gateway';
import { overwhelms, userAckTimeout } from './limits';
import type { Peer } from './link';
import {
  deviceErrorOf,
  firmwareMethods,
  invalidParams,
  type Method,
  methodNotFound,
  NO_ANSWER,
} from './methods';
import type { SimulatedDeviceOptions } from './options';
import { Ota } from './ota';
import { Properties } from './properties';
import { Provisioning } from './provisioning';
import { Subscription } from './subscription';
import type { Answer } from './uptime';
import { type Command, didNumber, probeDid, type Reply, tokenBytes } from './wire';

/** The device around the program. */
export interface Board {
  readonly events: EventEmitter<DeviceEvents>;
  readonly address: string;
  /** The clock, in seconds. */
  readonly stamp: number;
  /** Seals and sends a message of the device's own accord. */
  tell(message: object, to: Peer): void;
  /** Sends a ready datagram of the device's own accord. */
  transmit(datagram: Buffer, to: Peer): void;
  /** Has the device restart in a moment, when the answers under way have left, and be away for so long. */
  restart(awayMs: number): void;
}

export class Firmware {
  readonly faults = noFaults();
  readonly executed: Command[] = [];
  readonly received: { id: number; method: string }[] = [];
  readonly did: bigint;
  /** 16 bytes */
  token: Buffer;
  readonly properties: Properties;
  readonly subscription: Subscription | undefined;
  readonly gateway: Gateway | undefined;
  private readonly ota: Ota | undefined;
  private readonly provisioning: Provisioning | undefined;
  private readonly methods: ReadonlyMap<string, Method>;

  /** Throws RangeError when did or token is malformed. */
  constructor(
    private readonly options: SimulatedDeviceOptions,
    private readonly board: Board,
  ) {
    this.did = didNumber(options.did);
    this.token = tokenBytes(options.token);
    this.properties = new Properties(options, (name, value) => this.changed(name, value));
    this.subscription = options.subscription && new Subscription(options.subscription, options.did, board);
    this.ota = options.ota && new Ota(options.ota, this.faults, board);
    this.gateway = options.gateway && new Gateway(options.gateway, board, () => this.token);
    this.provisioning =
      options.provisioning &&
      new Provisioning(options.provisioning, board, (token) => {
        this.token = token;
      });
    this.methods = firmwareMethods(options, this.properties, [
      ...commonMethods({
        identity: () => this.identity(),
        restart: (awayMs) => board.restart(awayMs),
        restore: options.restoreRefused ? undefined : () => this.restore(),
      }),
      ...(this.subscription?.methods ?? []),
      ...(this.ota?.methods ?? []),
      ...(this.gateway?.methods ?? []),
      ...(this.provisioning?.methods ?? []),
    ]);
  }

  /** As miIO.info tells it. */
  get version(): string {
    return this.ota?.version ?? this.options.firmware ?? '1.0.0';
  }

  /** Takes a hello; gives the 16 bytes for the place of the token in the answer. */
  greet(hello: Buffer, from: Peer): Buffer {
    this.board.events.emit('hello', from);
    const client = probeDid(hello);
    if (this.subscription && client !== undefined) return this.subscription.probed(client, from);
    const tokenField = { disclosed: this.token, zeros: Buffer.alloc(16), ff: Buffer.alloc(16, 0xff) };
    return tokenField[this.options.helloToken ?? 'ff'];
  }

  /** Takes a datagram that is no hello; false: it is for the device as such. */
  overhear(datagram: Buffer, from: Peer): boolean {
    return this.gateway?.overhear(datagram, from) ?? false;
  }

  /** Takes an answer to what the device has sent; gives the reason to drop it. */
  takeReply(reply: Reply, from: Peer): string | undefined {
    return this.subscription ? this.subscription.acknowledge(reply, from) : 'no-method';
  }

  /** Takes a valid command as it comes in. */
  heard(command: Command, from: Peer): void {
    this.received.push({ id: command.id, method: command.method });
    this.board.events.emit('command', { ...command, from });
  }

  /** How long it works on a command whose JSON has `bytes`, in milliseconds. */
  durationMs(command: Command, bytes: number): number {
    const waitMs = overwhelms(this.options, command, bytes) ? (this.options.ackTimeoutMs ?? 0) : 0;
    return this.faults.delayMs + waitMs;
  }

  /** Carries out a command whose JSON has `bytes`; undefined: its answer is lost. */
  execute(command: Command, bytes: number): Answer | undefined {
    const answer = this.answerTo(command, bytes);
    if ('error' in answer) return answer;
    this.executed.push(command);
    this.board.events.emit('executed', command);
    return answer.result === NO_ANSWER ? undefined : answer;
  }

  dropped(reason: string): void {
    this.board.events.emit('dropped', reason);
  }

  /** Forgets what is lost without power. */
  powerDown(): void {
    this.subscription?.forget();
    this.ota?.forget();
    this.gateway?.forget();
  }

  private answerTo(command: Command, bytes: number): Answer {
    const { id, method: name, params } = command;
    const refusal = takeRefusal(this.faults);
    if (refusal) return { id, error: refusal };
    try {
      if (overwhelms(this.options, command, bytes)) throw userAckTimeout();
      const method = this.methods.get(name);
      if (!method) throw methodNotFound();
      if (params === undefined) throw invalidParams();
      return { id, result: method(params) };
    } catch (thrown) {
      return { id, error: deviceErrorOf(thrown) };
    }
  }

  private changed(name: string, value: unknown): void {
    this.board.events.emit('change', name, value);
    if (!Object.hasOwn(this.options.miot ?? {}, name)) return;
    const [siid = 0, piid = 0] = name.split('.').map(Number);
    this.subscription?.report([{ siid, piid, value }]);
  }

  /** As from the factory, but for its version. */
  private restore(): void {
    this.token = tokenBytes(this.options.token);
    this.properties.restore();
    this.provisioning?.reset();
  }

  private identity(): Identity {
    const { model } = this.options;
    const { address, stamp } = this.board;
    return {
      did: this.did,
      token: this.token,
      model,
      firmware: this.version,
      address,
      stamp,
    };
  }
}
