/**
 * The device shadow, as a device uses it: it reports, asks, and hears what is wished.
 *
 * The messages are those of `shadow-message`. One request is on its way at a time, since a reply does not have to say
 * which request it answers. One without `clientToken` that comes later than its time limit is taken for that of the next
 * request, if one is under way then. The version of a change is one above the last one seen; before the first change of a
 * connection it is asked for, as the cloud's side may have changed the document meanwhile.
 *
 * Source: Alibaba Cloud IoT Platform, "Device shadow data stream".
 */
import { randomUUID } from 'node:crypto';
import { MialinkError, type PeerError } from '../../errors';
import type { Json } from '../../untrusted';
import { encode } from '../alink';
import type { CloudChannel } from '../channel';
import { OneByOne } from './one-by-one';
import {
  clearDesiredBody,
  deleteBody,
  getBody,
  NO_DOCUMENT,
  parseShadowMessage,
  type ShadowDocument,
  updateBody,
  VERSION_CONFLICT,
} from './shadow-message';

export type { ShadowDocument } from './shadow-message';

export interface ShadowOptions {
  /** Must be above that of the document; -1 sets that back to 0. Default: the one after the last seen. */
  version?: number;
}

/** What is on its way. */
interface Request {
  operation: string;
  clientToken: string;
  /** None in a request that changes nothing. */
  version?: number;
}

export class Shadow {
  private readonly line = new OneByOne<ShadowDocument>();
  /** That of the document, as far as it is known. */
  private version: number | undefined;
  private request: Request | undefined;
  private readonly stops: (() => void)[];

  /** One for a device: its replies belong to one line. */
  constructor(private readonly channel: CloudChannel) {
    this.stops = [
      channel.subscribeTo(this.topic('get'), (payload) => this.receive(payload)),
      channel.onConnect(() => {
        this.version = undefined;
      }),
    ];
  }

  /**
   * The whole document; an empty one of version 0 if there is none yet. This and the others reject with a MialinkError:
   * `cloudRefused` (DEVICE, with `peer`), `noReply` (TIMEOUT), and as `AliyunDevice.publish` does.
   */
  get(): Promise<ShadowDocument> {
    return this.ask('shadow get', getBody(), this.channel.timeoutMs);
  }

  /** Reports `{name: value}`; what else was reported stays. Rejects with `settingInvalid` for a version that is none. */
  update(reported: Json, options?: ShadowOptions): Promise<ShadowDocument> {
    return this.change('shadow update', updateBody(reported), options);
  }

  /** Forgets what is wished, as a device does when it has obeyed. */
  clearDesired(options?: ShadowOptions): Promise<ShadowDocument> {
    return this.change('shadow clear', clearDesiredBody(), options);
  }

  /** Forgets what was reported under these names. */
  delete(names: readonly string[] | 'all', options?: ShadowOptions): Promise<ShadowDocument> {
    return this.change('shadow delete', deleteBody(names), options);
  }

  /** Calls `handler` when the cloud's side wishes something, with the whole document. Returns how to stop that. */
  onControl(handler: (document: ShadowDocument) => void): () => void {
    return this.channel.subscribeTo(this.topic('get'), (payload) => {
      const message = parseShadowMessage(payload);
      if (message?.kind === 'control') handler(message.document);
    });
  }

  /** Rejects what waits with `closed`. */
  close(): void {
    for (const stop of this.stops) stop();
    this.line.rejectAll(new MialinkError('closed', { device: this.channel.label }));
  }

  private topic(direction: 'get' | 'update'): string {
    const { productKey, deviceName } = this.channel.identity;
    return `/shadow/${direction}/${productKey}/${deviceName}`;
  }

  private async change(
    operation: string,
    body: Json,
    { version }: ShadowOptions = {},
  ): Promise<ShadowDocument> {
    const { label: device, timeoutMs } = this.channel;
    if (version !== undefined && !(Number.isSafeInteger(version) && version >= -1)) {
      const rule = 'a whole number above that of the shadow, or -1 to start anew';
      throw new MialinkError('settingInvalid', { device, field: 'version', rule, value: version });
    }
    // Now, as what cannot be said is nothing that those behind it would meet too.
    encode(body, device, operation);
    const start = performance.now();
    if (version === undefined && this.version === undefined) await this.get();
    const leftMs = Math.max(1, timeoutMs - (performance.now() - start));
    // When its turn comes, others may have changed the document.
    return this.ask(operation, body, leftMs, () => version ?? (this.version ?? 0) + 1);
  }

  private ask(
    operation: string,
    body: Json,
    timeoutMs: number,
    versionNow: () => number | undefined = () => undefined,
  ): Promise<ShadowDocument> {
    const { channel } = this;
    const send = () => {
      const [clientToken, version] = [randomUUID(), versionNow()];
      this.request = { operation, clientToken, version };
      const versioned = version === undefined ? body : { ...body, version };
      return channel.publish(this.topic('update'), { ...versioned, clientToken }, { operation });
    };
    const values = { device: channel.label, operation, timeoutMs: channel.timeoutMs };
    return this.line.ask(send, timeoutMs, () => new MialinkError('noReply', values));
  }

  private receive(payload: Buffer): void {
    const message = parseShadowMessage(payload);
    if (message?.kind === 'control') this.version = message.document.version ?? this.version;
    if (!message || message.kind === 'control' || !this.request) return;
    const { clientToken } = message;
    // A late one, to a request that was given up.
    if (clientToken !== undefined && clientToken !== this.request.clientToken) return;
    if (message.kind === 'reply') this.accepted(message.document, this.request);
    else this.refused(message.refusal, this.request);
  }

  private accepted(document: ShadowDocument, { version }: Request): void {
    const reached = version === undefined ? this.version : Math.max(version, 0);
    this.version = document.version ?? reached;
    this.line.resolve(document);
  }

  private refused(refusal: PeerError, { operation, version }: Request): void {
    if (refusal.code === NO_DOCUMENT && version === undefined) {
      this.version = 0;
      this.line.resolve({ reported: {}, desired: {}, metadata: {}, version: 0 });
      return;
    }
    const isConflict = refusal.code === VERSION_CONFLICT;
    // What is known of it was wrong: it is asked for again.
    if (isConflict) this.version = undefined;
    const context = isConflict ? 'version' : '';
    const values = { device: this.channel.label, operation, ...refusal, context };
    this.line.reject(new MialinkError('cloudRefused', values, { peer: refusal }));
  }
}
