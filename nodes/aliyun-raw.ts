/**
 * aliyun-raw: sends bytes to the cloud, where a script of the product reads them (output 1: the bytes of the reply), and
 * passes on the bytes that the cloud sends (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { ChosenDevice } from './device-sharing';
import { typeOf } from './property-operations';
import { asText, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  reply?: string;
}

/** What a message asks for; `reply` answers what came on output 2. */
type Operation = 'post' | 'reply';

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-raw', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const known: Operation[] = config.reply === 'manual' ? ['post', 'reply'] : ['post'];
    // What is to be answered says so itself: the flow has only to put its bytes in and send it back.
    const more = config.reply === 'manual' ? { operation: 'reply' } : {};
    const stopListening = chosen
      .acquireOrShow()
      ?.rawData.onRaw((bytes) => this.send([null, { payload: bytes, ...more } as Message]));

    /** The reply; undefined where there is none. */
    const operate = async (message: Message) => {
      const { label, rawData } = chosen.acquire();
      const name = asText(message.operation) || 'post';
      const operation = known.find((one) => one === name);
      if (!operation) {
        const values = { device: label, operation: name, known: known.join(', ') };
        throw new MialinkError('operationUnknown', values);
      }
      const bytes = bytesIn(label, message.payload);
      if (operation === 'post') return rawData.post(bytes);
      await rawData.answer(bytes);
      return undefined;
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        const reply = await light.during(() => untilClosed(signal, operate(message)));
        if (reply === undefined) return;
        message.payload = reply;
        send([message, null]);
      },
      () => {
        stopListening?.();
        return chosen.release();
      },
    );
  }
}

function bytesIn(device: string, payload: unknown): Buffer {
  const isBytes = payload instanceof Uint8Array || (Array.isArray(payload) && payload.every(isByte));
  const isText = typeof payload === 'string';
  const bytes = isBytes || isText ? Buffer.from(payload) : Buffer.alloc(0);
  if (bytes.length > 0) return bytes;
  const rule = 'a Buffer, text, or an array of bytes (0 to 255)';
  const type = isBytes || isText ? 'an empty one' : typeOf(payload);
  throw new MialinkError('payloadInvalid', { device, operation: 'raw data', rule, type });
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
