/**
 * The gateway side of push by scenes: it stores what clients send, and calls the target of a scene when its event
 * happens. Source: reference/miio.md 4.8 (a).
 */
import type { Board } from './firmware';
import { GatewayCall, type Outcome } from './gateway-call';
import type { Peer } from './link';
import { invalidParams, type Method } from './methods';
import { parseSceneFrame, type Scene } from './scene';

const PUSH_PORT = 54321;
const WAIT_MS = 500;

export interface GatewayOptions {
  /** The port of every target. Default 54321. */
  pushPort?: number;
  /** How long each of three tries waits for an answer, in milliseconds. Default 500. */
  waitMs?: number;
}

/** What came of calling a target. */
export interface Delivery {
  /** The id of the scene. */
  scene: string;
  method: string;
  outcome: Outcome;
}

export class Gateway {
  /** What came of every call, the oldest first. */
  readonly deliveries: Delivery[] = [];
  private readonly stored = new Map<string, Scene>();
  private readonly calls = new Set<GatewayCall>();
  private lastId = 0;

  /** `token` gives the present token of the gateway. */
  constructor(
    private readonly options: GatewayOptions,
    private readonly board: Pick<Board, 'transmit'>,
    private readonly token: () => Buffer,
  ) {}

  /** The oldest first. They stay when the power goes. */
  get scenes(): Scene[] {
    return [...this.stored.values()];
  }

  get methods(): [string, Method][] {
    return [
      ['send_data_frame', (params) => this.store(params)],
      ['miIO.xdel', (params) => this.remove(params)],
    ];
  }

  /** Calls the target of every scene for this; resolves when each has answered or been given up. */
  trigger(sourceDid: string, event: string, params: unknown[]): Promise<Delivery[]> {
    const scenes = this.scenes.filter((scene) => scene.sourceDid === sourceDid && scene.event === event);
    return Promise.all(scenes.map((scene) => this.deliver(scene, params)));
  }

  /** Takes a datagram; false: it is no answer that a call waits for. */
  overhear(datagram: Buffer, from: Peer): boolean {
    return [...this.calls].some((call) => call.take(datagram, from));
  }

  /** As when the device loses power. */
  forget(): void {
    for (const call of this.calls) call.giveUp();
  }

  private async deliver({ id, method, ip, targetDid }: Scene, params: unknown[]): Promise<Delivery> {
    this.lastId += 1;
    const order = {
      to: { address: ip, port: this.options.pushPort ?? PUSH_PORT },
      did: BigInt(targetDid),
      message: { id: this.lastId, method, params },
      token: this.token(),
      waitMs: this.options.waitMs ?? WAIT_MS,
    };
    const call = new GatewayCall(order, (datagram, to) => this.board.transmit(datagram, to));
    this.calls.add(call);
    const delivery = { scene: id, method, outcome: await call.ended };
    this.calls.delete(call);
    this.deliveries.push(delivery);
    return delivery;
  }

  private store(params: unknown): string[] {
    const scene = parseSceneFrame(params, this.token());
    this.stored.set(scene.id, scene);
    return ['ok'];
  }

  private remove(params: unknown): string[] {
    if (!Array.isArray(params) || params.length === 0) throw invalidParams();
    if (!params.every((id) => this.stored.has(id))) throw invalidParams();
    for (const id of params) this.stored.delete(id);
    return ['ok'];
  }
}
