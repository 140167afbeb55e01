/** A correct send_data_frame for the tests of the simulated gateway, and its target: a fake device that is called. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decodePacket, encodeHelloReply, encodePacket, isHello } from '../../simulators/home/wire';

export const TARGET_DID = '120009025';
export const SOURCE_DID = 'lumi.158d0001a2b3c4';

type Fields = Record<string, unknown>;

/** Changes to a correct frame: of its own fields, of its trigger's, of its target's, or of its whole text. */
export interface Changes {
  frame?: Fields;
  trigger?: Fields;
  target?: Fields;
  data?: (text: string) => string;
}

/** The params of send_data_frame that has a click of a button call us at 127.0.0.1. */
export function sceneFrame(gatewayToken: string, changes: Changes = {}): Fields {
  const token = Buffer.from(gatewayToken, 'hex');
  const trigger = {
    did: SOURCE_DID,
    extra: '[1,13,1,85,[0,1],0,0]',
    key: 'event.lumi.sensor_switch.click',
    model: 'lumi.sensor_switch',
    src: 'device',
    timespan: ['0 0 * * 0,1,2,3,4,5,6', '0 0 * * 0,1,2,3,4,5,6'],
    token: '',
    ...changes.trigger,
  };
  const target = {
    command: 'chuangmi.plug.v3.click:lumi_158d0001a2b3c4',
    did: TARGET_DID,
    extra: '',
    id: 0,
    ip: '127.0.0.1',
    model: 'chuangmi.plug.v3',
    token: encodePacket({ did: 0n, stamp: 0, token }, token).toString('hex', 32, 48),
    value: '',
    ...changes.target,
  };
  const text = JSON.stringify([['x.scene.77', ['1.0', 1590161094, ['0', trigger], [target]]]]);
  const data = changes.data ? changes.data(text) : text;
  return { cur: 0, data, data_tkn: 29576, total: 1, type: 'scene', ...changes.frame };
}

/** Answers as the document says, unless its fields are changed. */
export class Target {
  did = BigInt(TARGET_DID);
  tokenField = Buffer.alloc(16);
  result: unknown = 0;
  /** Of an answer. Default: of the target, of the call. */
  answerDid: bigint | undefined;
  answerId: number | undefined;
  /** How many of the datagrams to come it does not answer. */
  deaf = 0;
  /** Every datagram that came: 'hello', the plaintext, or why it is no packet. */
  readonly heard: string[] = [];
  private readonly socket = createSocket('udp4', (datagram, { address, port }) => {
    const answer = this.answerTo(datagram);
    this.deaf -= 1;
    if (answer && this.deaf < 0) this.socket.send(answer, port, address);
  });

  private constructor(public token: Buffer) {}

  static async open(gatewayToken: string): Promise<Target> {
    const target = new Target(Buffer.from(gatewayToken, 'hex'));
    target.socket.bind(0, '127.0.0.1');
    await once(target.socket, 'listening');
    return target;
  }

  get port(): number {
    return this.socket.address().port;
  }

  async close(): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }

  private answerTo(datagram: Buffer): Buffer | undefined {
    const { did, token } = this;
    const packet = isHello(datagram) ? 'hello' : decodePacket(datagram, token);
    this.heard.push(typeof packet === 'string' ? packet : packet.plaintext.toString());
    if (packet === 'hello') return encodeHelloReply(did, 7, this.tokenField);
    if (typeof packet === 'string') return undefined;
    const { id } = JSON.parse(packet.plaintext.toString());
    const answer = { result: this.result, id: this.answerId ?? id };
    return encodePacket({ did: this.answerDid ?? did, stamp: 7, token }, JSON.stringify(answer));
  }
}
