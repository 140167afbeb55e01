/**
 * The local MIoT subscription: a device tells those who have subscribed of its properties and events, unasked.
 *
 *   probe (hello with MDID and the client's did)  ->  hello reply, MSUB block in place of the token
 *   miIO.sub {version, did, update_ts, sub_method}  ->  {code: 0}
 *   properties_changed | event_occured, to where the probe came from  ->  {id, result: {code: 0}}
 *
 *   MSUB block: 'MSUB'  update_ts of this client, 0 before it subscribes  'PUB'  type  fe (wildcard)  000000
 *
 * Source: reference/miio.md 4.8 (b). Not in the document and chosen here: update_ts is kept for each client; a message
 * without acknowledgement is sent three times more, a second apart; types other than 0, 1 and 4 have no miIO.sub.
 */
import type { Board } from './firmware';
import type { Peer } from './link';
import { invalidParams, type Method } from './methods';
import { isRecord, type Reply } from './wire';

const REPEAT_MS = 1000;
const REPEATS = 3;
const TYPES_TO_SUBSCRIBE = [0, 1, 4];
const MAX_UPDATE_TS = 2 ** 32 - 1;

export interface SubscriptionOptions {
  /** Shown in the MSUB block, 0..255; only 0, 1 and 4 can be subscribed. */
  type: number;
  /** After how long a message without acknowledgement is repeated, in milliseconds. Default 1000. */
  repeatMs?: number;
}

/** A client that has subscribed: its virtual did, and where its last probe came from. */
export interface Subscriber extends Peer {
  did: string;
  updateTs: number;
}

export interface PropertyReport {
  siid: number;
  piid: number;
  value: unknown;
}

export interface EventReport {
  siid: number;
  eiid: number;
  arguments: { piid: number; value: unknown }[];
}

/** What a subscriber has acknowledged: the id of the message, and its own virtual did. */
export interface Acknowledgement {
  id: number;
  did: string;
}

interface Message {
  id: number;
  method: string;
  params: unknown;
}

export class Subscription {
  /** Everybody who has probed, by virtual did. */
  private readonly clients = new Map<string, Subscriber>();
  /** Messages that wait for their acknowledgement, by id. */
  private readonly open = new Map<number, { to: string; timer: NodeJS.Timeout }>();
  /** Goes on over a reboot, so that a client never takes a new message for a repeated one. */
  private lastId = 0;

  constructor(
    private readonly options: SubscriptionOptions,
    private readonly did: string,
    private readonly board: Pick<Board, 'events' | 'tell'>,
  ) {}

  get subscribers(): Subscriber[] {
    return [...this.clients.values()].filter(({ updateTs }) => updateTs > 0);
  }

  get methods(): [string, Method][] {
    if (!TYPES_TO_SUBSCRIBE.includes(this.options.type)) return [];
    return [
      ['miIO.sub', (params) => this.subscribe(params)],
      ['miIO.unsub', (params) => this.unsubscribe(params)],
    ];
  }

  /** Takes the probe of a client; gives the 16 bytes for the place of the token in the answer. */
  probed(did: string, { address, port }: Peer): Buffer {
    const updateTs = this.clients.get(did)?.updateTs ?? 0;
    this.clients.set(did, { did, updateTs, address, port });
    const block = Buffer.from('MSUB....PUB..\0\0\0', 'latin1');
    block.writeUInt32BE(updateTs, 4);
    block.writeUInt8(this.options.type, 11);
    block.writeUInt8(0xfe, 12);
    return block;
  }

  report(changes: readonly PropertyReport[]): void {
    const { did } = this;
    this.tellAll(
      'properties_changed',
      changes.map((change) => ({ did, ...change })),
    );
  }

  raise(event: EventReport): void {
    this.tellAll('event_occured', { did: this.did, ...event });
  }

  /** Takes what a client answered to a message; gives the reason to drop it, if there is one. */
  acknowledge({ id, result }: Reply, from: Peer): string | undefined {
    if (!isRecord(result) || result.code !== 0) return 'bad-acknowledgement';
    const message = typeof id === 'number' ? this.open.get(id) : undefined;
    const client = message && this.clients.get(message.to);
    if (typeof id !== 'number' || !client) return 'unexpected-acknowledgement';
    if (client.address !== from.address || client.port !== from.port) return 'unexpected-acknowledgement';
    this.close(id);
    this.board.events.emit('acknowledged', { id, did: client.did });
    return undefined;
  }

  /** As when the device loses power. */
  forget(): void {
    for (const id of [...this.open.keys()]) this.close(id);
    this.clients.clear();
  }

  private subscribe(params: unknown): object {
    const { did, updateTs } = checkSubscription(params);
    const client = this.clients.get(did);
    if (!client) throw invalidParams();
    client.updateTs = updateTs;
    return { code: 0 };
  }

  private unsubscribe(params: unknown): object {
    const { did } = checkSubscription(params);
    const client = this.clients.get(did);
    if (!client) throw invalidParams();
    client.updateTs = 0;
    for (const [id, { to }] of [...this.open]) if (to === did) this.close(id);
    return { code: 0 };
  }

  private tellAll(method: string, params: unknown): void {
    for (const { did } of this.subscribers) {
      this.lastId += 1;
      this.tell({ id: this.lastId, method, params }, did, REPEATS);
    }
  }

  private tell(message: Message, did: string, repeats: number): void {
    const client = this.clients.get(did);
    if (!client) return;
    const timer = setTimeout(() => {
      if (repeats > 0) this.tell(message, did, repeats - 1);
      else this.close(message.id);
    }, this.options.repeatMs ?? REPEAT_MS);
    this.open.set(message.id, { to: did, timer });
    this.board.tell(message, client);
  }

  private close(id: number): void {
    clearTimeout(this.open.get(id)?.timer);
    this.open.delete(id);
  }
}

/** The params of miIO.sub and miIO.unsub; throws when they are not exactly as documented. */
function checkSubscription(params: unknown): { did: string; updateTs: number } {
  if (!isRecord(params) || Object.keys(params).length !== 4) throw invalidParams();
  const { version, did, update_ts: updateTs, sub_method: method } = params;
  if (version !== '2.0' || method !== '.') throw invalidParams();
  if (typeof did !== 'string' || !/^\d+$/.test(did)) throw invalidParams();
  if (typeof updateTs !== 'number' || !Number.isInteger(updateTs)) throw invalidParams();
  if (updateTs < 1 || updateTs > MAX_UPDATE_TS) throw invalidParams();
  return { did, updateTs };
}
