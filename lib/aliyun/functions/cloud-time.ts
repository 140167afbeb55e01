/**
 * The clock of the cloud, asked for over MQTT.
 *
 *   /ext/ntp/${productKey}/${deviceName}/request    {"deviceSendTime":"1571724098000"}
 *   /ext/ntp/${productKey}/${deviceName}/response   {"deviceSendTime","serverRecvTime","serverSendTime"}
 *
 * All are texts of milliseconds since 1970, and the response repeats the request's. When it arrives, the time is
 *
 *   (serverRecvTime + serverSendTime + received - sent) / 2
 *
 * Source: Alibaba Cloud IoT Platform, "NTP service".
 */
import { MialinkError } from '../../errors';
import { isRecord } from '../../untrusted';
import { type Deferred, deferred, timePassed } from '../../wait';
import type { CloudChannel } from '../channel';

export interface CloudTime {
  /** Of the cloud, now: milliseconds since 1970. */
  time: number;
  /** What is to be added to this machine's clock to get it. */
  offsetMs: number;
  /** From sending to receiving; the time is wrong by at most half of it. */
  roundTripMs: number;
}

interface Response {
  deviceSendTime: number;
  serverRecvTime: number;
  serverSendTime: number;
}

type Received = Response & { at: number };

/** A response is shorter than 200. */
const MAX_BYTES = 1024;

export class CloudClock {
  /** By deviceSendTime. */
  private readonly asked = new Map<number, Deferred<Received>>();
  private lastSendTime = 0;
  private readonly stop: () => void;

  /** One for a device, and not one for each question: a new subscription may take seconds to have effect. */
  constructor(private readonly channel: CloudChannel) {
    this.stop = channel.subscribeTo(this.topic('response'), (payload) => this.receive(payload));
  }

  /** Rejects with `noReply` (TIMEOUT), and as `AliyunDevice.publish` does. */
  async ask(): Promise<CloudTime> {
    const { channel } = this;
    const operation = 'time';
    const start = performance.now();
    // Each its own, though several may ask in one millisecond.
    const deviceSendTime = Math.max(Date.now(), this.lastSendTime + 1);
    this.lastSendTime = deviceSendTime;
    const response = deferred<Received>();
    this.asked.set(deviceSendTime, response);
    try {
      const message = { deviceSendTime: String(deviceSendTime) };
      await channel.publish(this.topic('request'), message, { qos: 0, operation });
      // Not deviceSendTime: it may have waited for the connection.
      const sentAt = performance.now();
      const leftMs = Math.max(1, channel.timeoutMs - (sentAt - start));
      if (await timePassed(leftMs, response.promise)) {
        channel.probe();
        throw new MialinkError('noReply', { device: channel.label, operation, timeoutMs: channel.timeoutMs });
      }
      return timeOf(await response.promise, sentAt);
    } finally {
      this.asked.delete(deviceSendTime);
    }
  }

  /** Rejects what waits with `closed`. */
  close(): void {
    this.stop();
    const closed = new MialinkError('closed', { device: this.channel.label });
    for (const response of this.asked.values()) response.reject(closed);
  }

  private topic(end: 'request' | 'response'): string {
    const { productKey, deviceName } = this.channel.identity;
    return `/ext/ntp/${productKey}/${deviceName}/${end}`;
  }

  private receive(payload: Buffer): void {
    const at = performance.now();
    const response = parseResponse(payload);
    if (response) this.asked.get(response.deviceSendTime)?.resolve({ ...response, at });
  }
}

function timeOf({ serverRecvTime, serverSendTime, at }: Received, sentAt: number): CloudTime {
  const roundTripMs = Math.max(0, at - sentAt);
  const time = Math.round((serverRecvTime + serverSendTime + roundTripMs) / 2 + (performance.now() - at));
  return { time, offsetMs: time - Date.now(), roundTripMs: Math.round(roundTripMs) };
}

function parseResponse(payload: Buffer): Response | undefined {
  if (payload.length > MAX_BYTES) return undefined;
  try {
    const message: unknown = JSON.parse(payload.toString('utf8'));
    if (!isRecord(message)) return undefined;
    const deviceSendTime = timeIn(message.deviceSendTime);
    const serverRecvTime = timeIn(message.serverRecvTime);
    const serverSendTime = timeIn(message.serverSendTime);
    return { deviceSendTime, serverRecvTime, serverSendTime };
  } catch {
    return undefined;
  }
}

/** Throws for what is no time. */
function timeIn(value: unknown): number {
  const time = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  // What a Date can hold.
  if (typeof time === 'number' && Number.isInteger(time) && time > 0 && time <= 8.64e15) return time;
  throw new RangeError('no time');
}
