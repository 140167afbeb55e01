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
import { countLeft, FileStore, HeirStore, MemoryStore } from '../lib/aliyun/outbox';
import { Registration } from '../lib/aliyun/registration';
import { MialinkError, messageOf } from '../lib/errors';

/** The outboxes in memory outlast a deploy, for as long as Node-RED runs. */
export class OutboxStores {
  private readonly memories = new Map<string, MemoryStore>();

  /** Undefined: the outbox is off. What is in memory moves to the disk when that is chosen. */
  of(settings: CheckedSettings, userDir: string): OutboxStore | undefined {
    const key = keyOf(settings);
    const memory = this.memories.get(key) ?? new MemoryStore();
    this.memories.set(key, memory);
    if (settings.outbox === 'off') return undefined;
    if (settings.outbox === 'memory') return memory;
    const directory = directoryOf(key, userDir);
    return memory.length > 0 ? new HeirStore(directory, memory) : new FileStore(directory);
  }

  /** For each store that still holds posts, but is not the chosen one: `outboxLeft`, or `outboxFailed` if it cannot be read. */
  async leftBy(settings: CheckedSettings, userDir: string): Promise<MialinkError[]> {
    const { label: device, outbox } = settings;
    const key = keyOf(settings);
    const found: MialinkError[] = [];
    const memory = this.memories.get(key);
    if (outbox === 'off' && memory && memory.length > 0) {
      const { length: count, place } = memory;
      found.push(new MialinkError('outboxLeft', { device, count, place, context: 'memory' }));
    }
    if (outbox === 'file') return found;
    const place = directoryOf(key, userDir);
    try {
      const count = await countLeft(place);
      if (count > 0) found.push(new MialinkError('outboxLeft', { device, count, place }));
    } catch (error) {
      found.push(
        new MialinkError('outboxFailed', { device, place, cause: messageOf(error) }, { cause: error }),
      );
    }
    return found;
  }
}

function keyOf({ triple }: CheckedSettings): string {
  return [triple.productKey, triple.deviceName].map((name) => safeName(name)).join('/');
}

function directoryOf(key: string, userDir: string): string {
  return join(userDir, 'aliyun-outbox', key);
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
