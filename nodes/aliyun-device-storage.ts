/**
 * Where the devices of this Node-RED keep what must not get lost.
 *
 *   <userDir>/aliyun-outbox/<productKey>/<deviceName>/   what is posted while the cloud is away
 *   <userDir>/aliyun-devices/                            what registrations have given
 */
import { join } from 'node:path';
import { connect } from 'mqtt';
import type { CheckedSettings, OutboxStore } from '../lib/aliyun';
import { safeName } from '../lib/aliyun/ota';
import { FileStore, MemoryStore } from '../lib/aliyun/outbox';
import { Registration } from '../lib/aliyun/registration';

/** The outboxes in memory outlast a deploy, for as long as Node-RED runs. */
export class OutboxStores {
  private readonly memories = new Map<string, MemoryStore>();

  /** Undefined: the outbox is off. */
  of({ outbox, triple }: CheckedSettings, userDir: string): OutboxStore | undefined {
    const names = [triple.productKey, triple.deviceName].map((name) => safeName(name));
    if (outbox === 'file') return new FileStore(join(userDir, 'aliyun-outbox', ...names));
    return outbox === 'memory' ? this.memory(names.join('/')) : undefined;
  }

  private memory(key: string): MemoryStore {
    const memory = this.memories.get(key) ?? new MemoryStore();
    this.memories.set(key, memory);
    return memory;
  }
}

/** Undefined: the device needs none, as it has a secret of its own. */
export function registrationOf(settings: CheckedSettings, userDir: string): Registration | undefined {
  const { label, triple, registration: method, productSecret, signMethod } = settings;
  if (method === 'none' || triple.deviceSecret !== '') return undefined;
  const { region, authEndpoint, instanceId, endpoint, ca } = settings;
  return new Registration({
    label,
    identity: { productKey: triple.productKey, deviceName: triple.deviceName },
    productSecret,
    method,
    signMethod,
    directory: join(userDir, 'aliyun-devices'),
    region,
    authEndpoint,
    instanceId,
    endpoint,
    ca,
    connect,
  });
}
