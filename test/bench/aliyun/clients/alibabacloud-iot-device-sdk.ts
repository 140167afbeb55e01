/** The vendor's SDK, with mqtt.js 3. */
import type { Client } from './client';
import { openSdk } from './sdk';

export function open(): Client {
  return openSdk('alibabacloud-iot-device-sdk');
}
