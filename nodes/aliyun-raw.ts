/**
 * aliyun-raw: sends bytes to the cloud, where a script of the product reads them (output 1: the bytes of the reply), and
 * passes on the bytes that the cloud sends (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import type { RawData } from '../lib/aliyun/functions/raw-data';
import { MialinkError } from '../lib/errors';
import { operationNamed } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { bytesIn, typeOf } from './payload';
import { asText, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  reply?: string;
}

/** Gives the cloud's reply, or none. */
type Operation = (rawData: RawData, bytes: Buffer) => Promise<Buffer | undefined>;

const OPERATIONS: Record<string, Operation> = { post: (rawData, bytes) => rawData.post(bytes) };
/** Also answers what came on output 2. */
const ANSWERING: Record<string, Operation> = {
  ...OPERATIONS,
  reply: async (rawData, bytes) => {
    await rawData.answer(bytes);
    return undefined;
  },
};

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-raw', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const isAnswering = config.reply === 'manual';
    // What is to be answered says so itself: the flow has only to put its bytes in and send it back.
    const more = isAnswering ? { operation: 'reply' } : {};
    const passOn = (bytes: Buffer) => this.send([null, { payload: bytes, ...more } as Message]);
    chosen.listen(({ rawData }) => [rawData.onRaw(passOn)]);

    /** The reply; undefined where there is none. */
    const operate = async (message: Message) => {
      const device = chosen.acquire();
      const name = asText(message.operation) || 'post';
      const operation = operationNamed(device, isAnswering ? ANSWERING : OPERATIONS, name);
      return operation(device.rawData, rawBytes(device.label, message.payload));
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        const reply = await light.during(() => untilClosed(signal, operate(message)));
        if (!reply) return;
        message.payload = reply;
        send([message, null]);
      },
      () => chosen.release(),
    );
  }
}

/** Throws `payloadInvalid` for what is no bytes, or none at all. */
function rawBytes(device: string, payload: unknown): Buffer {
  const isText = typeof payload === 'string';
  const isList = Array.isArray(payload) && payload.every(isByte);
  const bytes = isText || isList ? Buffer.from(payload) : bytesIn(payload);
  if (bytes && bytes.length > 0) return bytes;
  const rule = 'a Buffer, text, or an array of bytes (0 to 255)';
  const type = bytes ? 'an empty one' : typeOf(payload);
  throw new MialinkError('payloadInvalid', { device, operation: 'raw data', rule, type });
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
