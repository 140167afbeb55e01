/**
 * The cloud's clock, asked by NTP over MQTT (pure).
 *
 *   /ext/ntp/pk/dn/request    {"deviceSendTime":"1571724098000"}
 *   /ext/ntp/pk/dn/response   {"deviceSendTime","serverRecvTime","serverSendTime"}   texts, milliseconds
 *
 * Source: reference/aliyun.md 7.
 */
import { parseObject } from '../alink';

/** The response at `timeMs`; null where the request is malformed: the platform says nothing then. */
export function answerTime(payload: Buffer, timeMs: number): string | null {
  const deviceSendTime = parseObject(payload)?.deviceSendTime;
  if (typeof deviceSendTime !== 'string' || !/^\d{1,20}$/.test(deviceSendTime)) return null;
  const time = String(Math.round(timeMs));
  return JSON.stringify({ deviceSendTime, serverRecvTime: time, serverSendTime: time });
}
