/**
 * What a function of the platform (shadow, tags, remote configuration, …) needs of a device: requests with their
 * replies, plain messages, and the cloud's own requests. `AliyunDevice` is one.
 */
import type { CloudReply, CloudRequest } from './alink';
import type { Answer } from './answer';
import type { Identity } from './identity';
import type { RequestOptions } from './requests';

export interface PublishOptions {
  /** Default 1: waits for the broker's acknowledgement. */
  qos?: 0 | 1;
  /** What it is, for texts; default the topic. */
  operation?: string;
}

export interface AnswerOptions extends Required<PublishOptions> {
  /** Called when there is a connection, right before it is sent: what it throws keeps the answer back. */
  settle(): void;
}

/** Gets what arrives on a topic. */
export type MessageHandler = (payload: Buffer, topic: string) => void;

/** A request of the cloud, and where it came. */
export interface ServedRequest extends CloudRequest {
  topic: string;
}

/** Without an answer, or with an empty one, 200 is answered; what it throws is answered 500. */
export type ServeHandler = (request: ServedRequest) => Answer | undefined | Promise<Answer | undefined>;

export interface CloudChannel {
  /** `deviceName (productKey)`, for texts. */
  readonly label: string;
  readonly identity: Identity;
  /** Of a request, waiting for the connection and its turn included. */
  readonly timeoutMs: number;
  /** PEM texts of what is trusted besides Node's own roots, for downloads from the cloud. */
  readonly additionalRoots: readonly string[];
  /** See `AliyunDevice.request`. */
  request(method: string, params: unknown, options?: RequestOptions): Promise<CloudReply>;
  /** See `AliyunDevice.publish`. */
  publish(topic: string, payload: object | string | Buffer, options?: PublishOptions): Promise<void>;
  /** See `AliyunDevice.publishAnswer`. */
  publishAnswer(topic: string, payload: object | string | Buffer, options: AnswerOptions): Promise<void>;
  /** See `AliyunDevice.subscribeTo`. */
  subscribeTo(filter: string, handler: MessageHandler): () => void;
  /** See `AliyunDevice.serve`. */
  serve(method: string, handler: ServeHandler): () => void;
  /** See `AliyunDevice.probe`. */
  probe(): void;
  /** Calls `handler` at each connect, and now if connected. Returns how to stop that. */
  onConnect(handler: () => void): () => void;
}
