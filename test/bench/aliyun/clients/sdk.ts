/** What the vendor's two SDKs have in common: how a program uses them. */
import { requirePeer } from '../../peer';
import { hostOf, PORT, tripleOf } from '../place';
import type { Client } from './client';

interface Sdk {
  device(config: object): {
    once(event: 'connect', listener: () => void): void;
    postProps(properties: object, done: (reply: unknown) => void): void;
  };
}

export function openSdk(name: string): Client {
  const sdk: Sdk = requirePeer(name);
  return {
    async connect(network, number) {
      const device = sdk.device({ ...tripleOf(number), brokerUrl: `mqtt://${hostOf(network)}:${PORT}` });
      await new Promise<void>((resolve) => device.once('connect', resolve));
      return { post: (properties) => new Promise((resolve) => device.postProps(properties, resolve)) };
    },
  };
}
