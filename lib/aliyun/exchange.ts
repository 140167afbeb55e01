/**
 * Everything between the connection and those who use it:
 *
 *   up    a message ──uplink: connection, turn──> connection
 *   down  connection ──topic──> requests (a reply) │ inbound (property set, service) │ served (any other request)
 *                              and whoever has subscribed the topic
 */
import type { MialinkError } from '../errors';
import { runListener } from '../listener';
import { type Logger, silentLogger } from '../logger';
import { BOOTSTRAP_NOTICE, bootstrapOf } from './access/bootstrap';
import type { MessageHandler } from './channel';
import { Connection } from './connection';
import { type DialOptions, dialFor } from './dial';
import type { Identity } from './identity';
import { Inbound } from './inbound';
import { Requests } from './requests';
import { type Backoffs, Retry } from './retry';
import { Served } from './served';
import type { CheckedSettings } from './settings';
import { Subscribers } from './subscribers';
import { isSystemTopic, parseTopic, subscriptions } from './topics';
import { Uplink } from './uplink';

export interface ExchangeOptions extends DialOptions {
  logger?: Logger;
  /** Waiting times between tries. */
  backoffs?: Backoffs;
}

export interface Wiring {
  /** Posts what has been set. */
  echo(params: Record<string, unknown>): void;
}

export class Exchange {
  readonly connection: Connection;
  readonly uplink: Uplink;
  readonly requests: Requests;
  readonly inbound: Inbound;
  readonly served: Served;
  private readonly label: string;
  private readonly identity: Identity;
  private readonly logger: Logger;
  private readonly autoSubscribe: boolean;
  private readonly subscribers = new Subscribers();

  constructor(settings: CheckedSettings, options: ExchangeOptions, { echo }: Wiring) {
    const { label, timeoutMs } = settings;
    const { productKey, deviceName } = settings.triple;
    const { logger = silentLogger } = options;
    this.label = label;
    this.identity = { productKey, deviceName };
    this.logger = logger;
    this.autoSubscribe = settings.autoSubscribe;
    const bootstrap = bootstrapOf(settings);
    this.connection = new Connection({
      label,
      host: settings.endpoint.host,
      dial: dialFor(settings, options, bootstrap),
      topics: () => this.subscriptions,
      onMessage: (topic, payload) => this.received(topic, payload),
      retry: new Retry(options.backoffs),
      logger,
    });
    const { connection, identity } = this;
    const uplink = new Uplink({
      label,
      connection,
      rate: settings.uplinkRate,
    });
    const probe = () => connection.probe();
    this.uplink = uplink;
    this.requests = new Requests({ label, identity, timeoutMs, uplink, probe, logger });
    this.inbound = new Inbound({ label, timeoutMs, uplink, echo, logger });
    this.served = new Served({ label, timeoutMs, uplink, logger });
    if (bootstrap) {
      this.served.on(BOOTSTRAP_NOTICE, () => {
        bootstrap.forget();
        // The answer goes first.
        setImmediate(() => connection.renew());
        return undefined;
      });
    }
  }

  /** What is subscribed at each connect. */
  get subscriptions(): string[] {
    const ours = subscriptions(this.identity);
    const topics = [...ours, ...this.subscribers.filters.filter((filter) => !ours.includes(filter))];
    return this.autoSubscribe ? topics.filter((topic) => !isSystemTopic(topic)) : topics;
  }

  /** See `CloudChannel.subscribeTo`. */
  subscribeTo(filter: string, handler: MessageHandler): () => void {
    const isOurs = subscriptions(this.identity).includes(filter);
    if (this.subscribers.add(filter, handler) && !isOurs) this.connection.subscribe(filter);
    return () => {
      if (this.subscribers.remove(filter, handler) && !isOurs) this.connection.unsubscribe(filter);
    };
  }

  /** The connection is over: replies to what was sent on it will not come. */
  broken(problem: MialinkError): void {
    this.requests.rejectAll(problem);
    this.uplink.rejectAll(problem);
  }

  async close(): Promise<void> {
    this.inbound.close();
    this.served.close();
    await this.connection.close();
  }

  private received(topic: string, payload: Buffer): void {
    const handlers = this.subscribers.of(topic);
    for (const handler of handlers) runListener(this.logger, this.label, () => handler(payload, topic));
    if (this.requests.expects(topic)) {
      this.requests.receive(topic, payload);
      return;
    }
    const downlink = parseTopic(this.identity, topic);
    if (!downlink || downlink.kind === 'reply') {
      // A reply that no request waits for is for whoever takes it, or took it until just now: it need not be Alink.
      if (handlers.length === 0) this.logger.debug(`${this.label}: dropped what came on ${topic}`);
    } else if (downlink.kind === 'request') this.served.receive(downlink.method, topic, payload);
    else this.inbound.receive(downlink, topic, payload, handlers.length > 0);
  }
}
