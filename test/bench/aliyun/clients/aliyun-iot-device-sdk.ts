/** The vendor's former SDK, with mqtt.js 2. */
import type { Client } from './client';
import { openSdk } from './sdk';

export function open(): Client {
  return openSdk('aliyun-iot-device-sdk');
}
