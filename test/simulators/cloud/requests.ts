/** The Alink requests of one device: read, kept, carried out by the handler of their path, answered. */
import { idOf, methodOf, Refusal, readRequest } from './alink';
import type { Post } from './device-events';
import { DOWNLOAD, frameReply } from './functions/streams';
import type { Link } from './link';
import type { Platform } from './platform';
import { append } from './recent';

/** Does what a request asks and gives the `data` of the reply, or throws a Refusal. */
export type Handler = (params: unknown) => unknown;

/** By the topic below `/sys/${pk}/${dn}/`. */
export type Handlers = Record<string, Handler>;

const KEPT_POSTS = 20_000;

/** Of a request. */
export interface Outcome {
  code: number;
  data: unknown;
  message: string;
}

export class Requests {
  /** Oldest first; the last 20,000. */
  readonly posts: Post[] = [];
  private readonly handlers: Map<string, Handler>;

  /** `otherwise` gets the requests that no table has. */
  constructor(
    private readonly link: Link,
    private readonly platform: Platform,
    tables: Handlers[],
    private readonly otherwise: (path: string, params: unknown) => unknown,
    private readonly carriedOut: (post: Post) => void,
  ) {
    this.handlers = new Map(tables.flatMap((table) => Object.entries(table)));
  }

  /** `path` is the topic below `/sys/${pk}/${dn}/`. */
  receive(topic: string, path: string, payload: Buffer): void {
    const method = methodOf(path);
    let answered = true;
    let outcome: Outcome;
    try {
      const { id, params, ack } = readRequest(payload, method);
      const post = { method, id, params, topic };
      answered = ack && !this.platform.knobs.dropReplyTo?.(post);
      append(this.posts, post, KEPT_POSTS);
      outcome = { code: 200, data: this.carryOut(path, params), message: 'success' };
      this.carriedOut(post);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'system error');
      outcome = { code: refusal.code, data: {}, message: refusal.message };
    }
    const id = idOf(payload);
    this.link.note('up', method, id, outcome.code);
    if (answered) {
      const json = () => JSON.stringify({ id, ...outcome, method, version: '1.0' });
      this.platform.reply(`${topic}_reply`, path === DOWNLOAD ? frameReply(id, outcome) : json());
    }
  }

  private carryOut(path: string, params: unknown): unknown {
    const { replyCode } = this.platform.knobs;
    if (replyCode !== 200) throw new Refusal(replyCode, 'refused by the simulated cloud');
    const handler = this.handlers.get(path);
    return handler ? handler(params) : this.otherwise(path, params);
  }
}
