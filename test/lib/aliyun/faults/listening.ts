/** A device of which every function listens, so that every parser of what comes down is in use. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AliyunDevice } from '../../../../lib/aliyun';
import { onJob } from '../../../../lib/aliyun/functions/jobs';
import { onConfigPush } from '../../../../lib/aliyun/functions/remote-config';
import { OtaClient } from '../../../../lib/aliyun/ota';
import type { CloudDevice } from '../../../simulators/cloud';
import type { Bench } from '../bench';

export interface Listening {
  device: AliyunDevice;
  /** All that was handed out, in its order. */
  heard: unknown[];
  /** A topic for each filter that the device has subscribed, with each of these words in the place of a wildcard. */
  topics(words: readonly string[]): string[];
}

export async function everythingListens(bench: Bench): Promise<Listening> {
  const heard: unknown[] = [];
  const hear = (what: unknown) => void heard.push(what);
  let filters: string[] = [];
  bench.lamp.on('subscribed', (all) => {
    filters = all;
  });
  const device = await bench.connectedDevice();
  device.onPropertySet('auto', hear);
  device.onService('', hear);
  device.shadow.onControl(hear);
  device.rrpc.onCall(hear, ['user/ask']);
  device.deviceLog.on('mode', hear);
  device.subscribeTo(`${custom(bench.lamp)}/#`, (payload) => hear({ bytes: payload.length }));
  device.subscribeTo(`/ext/ntp/${names(bench.lamp)}/response`, () => undefined);
  onJob(device, hear);
  onConfigPush(device, hear);
  const ota = new OtaClient(device, { directory: join(tmpdir(), 'mialink-no-firmware'), download: 'manual' });
  ota.on('notice', hear);
  ota.on('failed', () => undefined);
  ota.start();
  // Acknowledged when all that was subscribed before is.
  const last = `${custom(bench.lamp)}/last`;
  device.subscribeTo(last, () => undefined);
  while (!filters.includes(last)) await new Promise((resolve) => bench.lamp.once('subscribed', resolve));
  return {
    device,
    heard,
    topics: (words) => [...new Set(filters.flatMap((filter) => words.map((word) => filled(filter, word))))],
  };
}

function names({ triple }: CloudDevice): string {
  return `${triple.productKey}/${triple.deviceName}`;
}

function custom(lamp: CloudDevice): string {
  return `/${names(lamp)}/user`;
}

function filled(filter: string, word: string): string {
  return filter.replaceAll('+', word).replace('#', word);
}
