/** This library, as it is built in dist. */
import { hostOf, PORT, tripleOf } from '../place';
import type { Client, ClientOptions } from './client';

// Types from the sources, code from the build: what users run is measured.
const { AliyunDevice }: typeof import('../../../../lib/aliyun') = require('../../../../dist/lib/aliyun');

export function open({ thingModel }: ClientOptions): Client {
  return {
    async connect(network, number) {
      const endpoint = `${hostOf(network)}:${PORT}`;
      const link = { endpoint, transport: 'tcp', uplinkRate: 0 } as const;
      const settings = { ...tripleOf(number), ...link };
      const device = new AliyunDevice(settings, { thingModel });
      device.open();
      await new Promise<void>((resolve) => {
        device.on('state', (state) => state === 'connected' && resolve());
      });
      return { post: (properties) => device.postProperties(properties) };
    },
  };
}
