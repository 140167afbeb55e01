/** What aliyun-topic does in each of its modes: whom it listens to, and what becomes of a message. */
import type { AliyunDevice } from '../lib/aliyun';
import {
  broadcastToAll,
  expandBroadcast,
  expandFilter,
  expandTopic,
} from '../lib/aliyun/functions/custom-topic';
import { MialinkError } from '../lib/errors';
import { bytesIn, payloadInvalid } from './payload';
import { asNumber, asText, isRecord, type Message } from './runtime';

/** Where something came from, and the id of an RRPC call. */
export interface Origin {
  topic: string;
  mid?: string;
}

export type Take = (payload: Buffer, origin: Origin) => void;

export interface TopicSettings {
  topic?: string;
  qos?: string | number;
}

export interface TopicMode {
  /** Listens to the topics that `names` stand for; returns how to stop that. Throws before it listens to any. */
  listen(device: AliyunDevice, names: string[], take: Take): (() => void)[];
  handle(device: AliyunDevice, settings: TopicSettings, message: Message): Promise<void>;
}

const MODES: Record<string, TopicMode> = {
  topic: {
    listen: (device, names, take) => {
      const filters = names.map((name) => expandFilter(device, name));
      return subscribe(device, filters, take);
    },
    handle: publish,
  },
  broadcast: {
    listen: (device, names, take) => {
      const named = names.map((name) => expandBroadcast(device, name));
      return subscribe(device, [broadcastToAll(device), ...named], take);
    },
    handle: async ({ label: device }) => {
      throw new MialinkError('broadcastNotSent', { device });
    },
  },
  rrpc: {
    listen: (device, names, take) => [
      device.rrpc.onCall(({ payload, topic, mid }) => take(payload, { topic, mid }), names),
    ],
    handle: answer,
  },
};

const DEFAULT_QOS = 1;

/** `topic` for a blank; throws `settingInvalid` for one that is unknown. */
export function topicMode(device: AliyunDevice, name: unknown): TopicMode {
  const value = asText(name) || 'topic';
  const mode = Object.hasOwn(MODES, value) ? MODES[value] : undefined;
  if (mode) return mode;
  const rule = `one of ${Object.keys(MODES).join(', ')}`;
  throw new MialinkError('settingInvalid', { device: device.label, field: 'mode', rule, value });
}

function subscribe(device: AliyunDevice, filters: string[], take: Take): (() => void)[] {
  // The same for all filters: what two of them match comes once.
  const handler = (payload: Buffer, topic: string) => take(payload, { topic });
  return filters.map((filter) => device.subscribeTo(filter, handler));
}

async function publish(device: AliyunDevice, settings: TopicSettings, message: Message): Promise<void> {
  const name = asText(settings.topic) || asText(message.topic);
  if (name === '') throw new MialinkError('topicMissing', { device: device.label });
  const topic = expandTopic(device, name);
  await device.publish(topic, contentOf(device, message.payload), { qos: qosOf(device, settings, message) });
}

async function answer(device: AliyunDevice, _settings: TopicSettings, message: Message): Promise<void> {
  const call = isRecord(message.aliyun) ? message.aliyun : {};
  const [mid, topic] = [asText(call.mid), asText(call.topic)];
  if (mid === '' || topic === '') throw new MialinkError('replyWithoutRequest', { context: 'rrpc' });
  await device.rrpc.answer({ mid, topic }, contentOf(device, message.payload));
}

/** Bytes and text as they are, an object as JSON. */
function contentOf({ label: device }: AliyunDevice, payload: unknown): object | string | Buffer {
  const bytes = bytesIn(payload);
  if (bytes) return bytes;
  if (typeof payload === 'string' || (typeof payload === 'object' && payload !== null)) return payload;
  if (typeof payload === 'number' || typeof payload === 'boolean') return String(payload);
  throw payloadInvalid(device, 'the message', 'a Buffer, text, or what JSON can express', payload);
}

function qosOf({ label: device }: AliyunDevice, settings: TopicSettings, message: Message): 0 | 1 {
  const qos = asNumber(settings.qos) ?? asNumber(message.qos) ?? DEFAULT_QOS;
  if (qos === 0 || qos === 1) return qos;
  throw new MialinkError('settingInvalid', { device, field: 'qos', rule: '0 or 1', value: String(qos) });
}
