/**
 * A firmware file over the MQTT connection, block after block: the next is asked for when the one before has come (and
 * is on its way while that is written to the disk). Never more than one at a time, as the vendor's SDKs do: what comes
 * too fast the platform does not answer.
 *
 *   ask ──a block of this offset──> given out, the next is asked for
 *    ^─── no reply in time, a reply that cannot be read (given up after `retries` of them in a row: `Interruption`)
 *    ^─── refused before the first block, so perhaps for its size: half as much
 *    ^─── not connected: waits for that, as long as it takes
 *         refused: 429, 5xx, sign-in: `Interruption`; anything else: failed for good
 *
 * A reply belongs to the block whose requests have its id; what comes twice or late is dropped. The messages have QoS 0,
 * since each is repeated when nothing comes.
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update" (download over MQTT); the C Link SDK, components/mqtt-download (10 s
 * for a block, 3 retries).
 */
import { randomInt } from 'node:crypto';
import { MialinkError, messageOf } from '../../../errors';
import { type Deferred, deferred, timePassed } from '../../../wait';
import type { CloudChannel } from '../../channel';
import { replyTopic, sysTopic } from '../../topics';
import type { StreamAddress } from '../notice';
import { Interruption, type Piece, type Source } from './source';
import {
  type BlockReply,
  blockRequest,
  LARGEST_BLOCK,
  parseBlockReply,
  SMALLEST_BLOCK,
  type StreamBlock,
} from './stream-block';

/** What it needs of a device. */
export type StreamChannel = Pick<CloudChannel, 'identity' | 'publish' | 'subscribeTo'>;

export interface StreamOptions {
  /** Names the device in error texts. */
  label: string;
  signal?: AbortSignal;
  /** How much is asked for at a time, 256 to 131072 (default); less where the cloud refuses it. */
  blockBytes?: number;
  /** For each block, from its request on; default 10000. */
  timeoutMs?: number;
  /** How often a block is asked for again; default 3. */
  retries?: number;
}

/** The block that is waited for. */
interface Awaited {
  offset: number;
  /** Of all requests for it. */
  ids: readonly string[];
  /** Of the last one. */
  reply: Deferred<BlockReply>;
}

/** Of the requests for a block none was answered in time. */
interface Late {
  kind: 'late';
  cause: string;
}

type Refusal = Extract<BlockReply, { kind: 'refusal' }>;

const OPERATION = 'firmware download';
const ID_LIMIT = 2 ** 32;
/** Where the channel does not wait for the connection itself. */
const AWAY_MS = 1_000;
const TOO_MANY_REQUESTS = 429;

export class StreamSource implements Source {
  private readonly topic: string;
  private readonly unsubscribe: () => void;
  private readonly onAbort = () => this.end(new MialinkError('aborted', { device: this.options.label }));
  /** Why nothing is asked for any more. */
  private ended: MialinkError | undefined;
  private awaited: Awaited | undefined;
  private blockBytes: number;
  /** As the last block told it. */
  private fileLength: number | undefined;
  private fileToken: string | undefined;
  private lastId = randomInt(ID_LIMIT);

  constructor(
    private readonly channel: StreamChannel,
    private readonly stream: StreamAddress,
    private readonly options: StreamOptions,
  ) {
    this.blockBytes = options.blockBytes ?? LARGEST_BLOCK;
    this.topic = sysTopic(channel.identity, 'thing/file/download');
    const replies = replyTopic(this.topic);
    // One filter for all that concerns files: where the device has it subscribed at each connect, nothing is sent here.
    this.unsubscribe = channel.subscribeTo(sysTopic(channel.identity, 'thing/file/+'), (payload, topic) => {
      if (topic === replies) this.receive(payload);
    });
    if (options.signal?.aborted) this.onAbort();
    else options.signal?.addEventListener('abort', this.onAbort);
  }

  /**
   * Asks for the first block. It and the chunks throw `Interruption`, `otaDownloadFailed` (with the cloud's refusal as
   * `peer`), and `aborted` or `closed` when it is ended.
   */
  async open(offset: number): Promise<Piece> {
    const first = await this.fetch(offset);
    return { offset, total: first.fileLength, chunks: this.chunksFrom(first) };
  }

  async close(): Promise<void> {
    this.end(new MialinkError('closed', { device: this.options.label }));
  }

  private end(why: MialinkError): void {
    if (this.ended) return;
    this.ended = why;
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.unsubscribe();
    this.awaited?.reply.reject(why);
  }

  private async *chunksFrom(first: StreamBlock): AsyncGenerator<Buffer> {
    for (let block = first; ; ) {
      const end = block.offset + block.bytes.length;
      const next = end < first.fileLength ? this.fetch(end) : undefined;
      // Whoever reads no further does not hear of it.
      next?.catch(() => {});
      yield block.bytes;
      if (!next) return;
      block = await next;
    }
  }

  private async fetch(offset: number): Promise<StreamBlock> {
    const { retries = 3 } = this.options;
    const ids: string[] = [];
    for (let retry = 0; ; ) {
      const reply = await this.ask(offset, ids);
      if (reply.kind === 'block') return this.accept(reply.block);
      if (reply.kind === 'refusal') this.shrink(reply);
      else if (retry++ === retries) throw new Interruption(reply.cause);
    }
  }

  private accept(block: StreamBlock): StreamBlock {
    const { fileLength = block.fileLength } = this;
    if (fileLength !== block.fileLength) {
      this.fileLength = undefined;
      throw new Interruption('the size of the file has changed');
    }
    this.fileLength = fileLength;
    this.fileToken = block.fileToken ?? this.fileToken;
    return block;
  }

  /** Less may be granted; throws when that is not to be expected. */
  private shrink({ code, message }: Refusal): void {
    const cause = `the cloud refused a block: ${code} ${message}`;
    if (isTemporary(code)) throw new Interruption(cause);
    if (this.fileLength !== undefined || this.blockBytes <= SMALLEST_BLOCK) {
      const { label: device } = this.options;
      throw new MialinkError('otaDownloadFailed', { device, cause }, { peer: { code, message } });
    }
    this.blockBytes = Math.max(SMALLEST_BLOCK, this.blockBytes >>> 1);
  }

  /** One request, and the reply to it or to one before it. */
  private async ask(offset: number, ids: string[]): Promise<BlockReply | Late> {
    if (this.ended) throw this.ended;
    const { timeoutMs = 10_000 } = this.options;
    const { stream, fileToken, blockBytes, fileLength = Number.POSITIVE_INFINITY } = this;
    const id = this.takeId();
    ids.push(id);
    const awaited: Awaited = { offset, ids, reply: deferred() };
    this.awaited = awaited;
    const reply = awaited.reply.promise;
    const size = Math.min(blockBytes, fileLength - offset);
    try {
      const sent = this.send(blockRequest({ id, stream, offset, size, fileToken }), awaited);
      await Promise.race([sent, reply]);
      const isLate = await timePassed(timeoutMs, reply);
      return isLate ? { kind: 'late', cause: `no reply within ${timeoutMs} ms` } : await reply;
    } finally {
      this.awaited = undefined;
    }
  }

  /** Never rejects: what keeps the message back, the reply rejects with. */
  private async send(message: object, awaited: Awaited): Promise<void> {
    const { reply } = awaited;
    while (this.awaited === awaited) {
      try {
        await this.channel.publish(this.topic, message, { qos: 0, operation: OPERATION });
        return;
      } catch (error) {
        if (!isAway(error)) return reply.reject(problemOf(error));
      }
      await timePassed(AWAY_MS, reply.promise);
    }
  }

  private receive(payload: Buffer): void {
    const { awaited } = this;
    if (!awaited) return;
    const reply = parseBlockReply(payload);
    if (reply.id === undefined || !awaited.ids.includes(reply.id)) return;
    if (reply.kind === 'block' && reply.block.offset !== awaited.offset) return;
    awaited.reply.resolve(reply);
  }

  private takeId(): string {
    this.lastId = (this.lastId + 1) % ID_LIMIT;
    return String(this.lastId);
  }
}

function isTemporary(code: number): boolean {
  return code === TOO_MANY_REQUESTS || (code >= 500 && code < 600);
}

/** There is no connection, or other messages stand in line: it will be better later. */
function isAway(error: unknown): boolean {
  return error instanceof MialinkError && (error.code === 'TRANSPORT' || error.code === 'TIMEOUT');
}

/** A refused sign-in is tried again, too, but more patiently. */
function problemOf(error: unknown): Error {
  const isFinal = error instanceof MialinkError && error.code !== 'AUTH';
  return isFinal ? error : new Interruption(messageOf(error));
}
