/**
 * A gateway's call of the target of one scene.
 *
 *   greeting --hello reply with the target's did--> calling --{result: 0, id}--> delivered
 *       \__no-hello                                     \__no-answer
 *
 * Source: reference/miio.md 4.8 (a). Not in the document and chosen here: what gets no answer is sent three times.
 */
import type { Peer } from './link';
import { decodePacket, encodeHello, encodePacket, parseHelloReply, parseReply } from './wire';

const TRIES = 3;

export type Outcome = 'delivered' | 'no-hello' | 'no-answer';

/** Whom to call, and what to say. */
export interface CallOrder {
  to: Peer;
  did: bigint;
  message: { id: number; method: string; params: unknown[] };
  /** The gateway's. */
  token: Buffer;
  /** How long each try waits, in milliseconds. */
  waitMs: number;
}

export class GatewayCall {
  /** Always resolves. */
  readonly ended: Promise<Outcome>;
  private state: 'greeting' | 'calling' | 'ended' = 'greeting';
  private timer: NodeJS.Timeout | undefined;
  private resolve: (outcome: Outcome) => void = () => {};

  constructor(
    private readonly order: CallOrder,
    private readonly send: (datagram: Buffer, to: Peer) => void,
  ) {
    this.ended = new Promise((resolve) => {
      this.resolve = resolve;
    });
    this.say(encodeHello(), TRIES);
  }

  /** Takes a datagram; false: it is not the answer that this call waits for. */
  take(datagram: Buffer, from: Peer): boolean {
    const { to } = this.order;
    if (from.address !== to.address || from.port !== to.port) return false;
    return this.state === 'greeting' ? this.takeHello(datagram) : this.takeAnswer(datagram);
  }

  giveUp(): void {
    this.end(this.state === 'greeting' ? 'no-hello' : 'no-answer');
  }

  private takeHello(datagram: Buffer): boolean {
    const { did, message, token } = this.order;
    const hello = parseHelloReply(datagram);
    if (hello?.did !== did) return false;
    this.state = 'calling';
    this.say(encodePacket({ did, stamp: hello.stamp, token }, JSON.stringify(message)), TRIES);
    return true;
  }

  private takeAnswer(datagram: Buffer): boolean {
    const packet = decodePacket(datagram, this.order.token);
    if (typeof packet === 'string' || packet.did !== this.order.did) return false;
    const reply = parseReply(packet.plaintext);
    if (reply?.id !== this.order.message.id || reply.result !== 0) return false;
    this.end('delivered');
    return true;
  }

  private say(datagram: Buffer, tries: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (tries > 1) this.say(datagram, tries - 1);
      else this.giveUp();
    }, this.order.waitMs);
    this.send(datagram, this.order.to);
  }

  private end(outcome: Outcome): void {
    clearTimeout(this.timer);
    this.state = 'ended';
    this.resolve(outcome);
  }
}
