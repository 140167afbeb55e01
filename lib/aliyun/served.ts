/**
 * The cloud's other requests (`thing.config.push`, `thing.disable`, …), each handed to whoever serves its method and
 * answered once on `<topic>_reply`:
 *
 *   every handler content        200, or the data that one gave
 *   one answers another code     that code
 *   one throws                   500
 *   malformed, with an id        460
 *
 * What nobody serves is not answered. Source: Alibaba Cloud IoT Platform, "Alink protocol".
 */
import { messageOf } from '../errors';
import type { Logger } from '../logger';
import { type CloudRequest, encode, parseRequest, replyBody } from './alink';
import type { Answer } from './answer';
import type { ServedRequest, ServeHandler } from './channel';
import { OpenCalls } from './open-calls';
import { replyTopic } from './topics';
import type { Uplink } from './uplink';

export interface ServedOptions {
  label: string;
  timeoutMs: number;
  uplink: Uplink;
  logger: Logger;
}

/** How long handlers may take. */
const LIMIT_MS = 60_000;
const OK = 200;
const BAD_PARAMETER = 460;
const SYSTEM_ERROR = 500;

export class Served {
  private readonly handlers = new Map<string, Set<ServeHandler>>();
  private readonly calls = new OpenCalls();

  constructor(private readonly options: ServedOptions) {}

  /** See `CloudChannel.serve`. */
  on(method: string, handler: ServeHandler): () => void {
    const handlers = this.handlers.get(method) ?? new Set();
    this.handlers.set(method, handlers.add(handler));
    return () => {
      if (handlers.delete(handler) && handlers.size === 0) this.handlers.delete(method);
    };
  }

  receive(method: string, topic: string, payload: Buffer): void {
    const { label, logger } = this.options;
    const handlers = [...(this.handlers.get(method) ?? [])];
    if (handlers.length === 0) {
      logger.debug(`${label}: nobody serves what came on ${topic}`);
      return;
    }
    const parsed = parseRequest(payload);
    if ('value' in parsed) void this.serve(handlers, { ...parsed.value, topic });
    else if (parsed.id !== undefined) this.answer({ id: parsed.id, topic }, { code: BAD_PARAMETER });
    else logger.debug(`${label}: dropped what came on ${topic}: ${parsed.cause}`);
  }

  /** Nothing is answered any more. */
  close(): void {
    this.calls.clear();
  }

  private async serve(handlers: ServeHandler[], request: ServedRequest): Promise<void> {
    if (!this.calls.open(request, LIMIT_MS, () => undefined)) return;
    const answers = await Promise.all(handlers.map((handler) => this.run(handler, request)));
    const answer =
      answers.find(({ code = OK }) => code !== OK) ?? answers.find(({ data }) => data !== undefined);
    if (this.calls.settle(request)) this.answer(request, answer ?? {});
  }

  private async run(handler: ServeHandler, request: ServedRequest): Promise<Answer> {
    try {
      return (await handler({ ...request, params: structuredClone(request.params) })) ?? {};
    } catch (error) {
      this.note(error);
      return { code: SYSTEM_ERROR };
    }
  }

  private answer({ id, topic }: Pick<CloudRequest, 'id'> & { topic: string }, answer: Answer): void {
    const { label, timeoutMs, uplink } = this.options;
    const operation = 'reply';
    try {
      const body = encode(replyBody(id, answer.code ?? OK, answer.data ?? {}), label, operation);
      uplink
        .answer({ topic: replyTopic(topic), body, qos: 1, operation }, timeoutMs)
        .catch((error) => this.note(error));
    } catch (error) {
      this.note(error);
    }
  }

  private note(error: unknown): void {
    this.options.logger.debug(`${this.options.label}: ${messageOf(error)}`);
  }
}
