/**
 * One MQTT connection per triple: the cloud throws the older of two out, so config nodes with one ProductKey and
 * DeviceName share one device. It is opened for the first of them and closed after the last; the first of those that are
 * there speaks for it.
 */
import { AliyunDevice, type DeviceState, type OutboxEntry } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { Outage } from './aliyun-device-outage';
import type { Setup } from './aliyun-device-settings';
import { OutboxStores, registrationOf } from './aliyun-device-storage';

/** A config node. */
export interface Owner {
  readonly logger: Logger;
  /** Whether this node uses the device by way of this config node. */
  isUsedBy(id: string): boolean;
  /** Of what the outbox kept, the cloud will never take this; the node that has posted it uses the device no more. */
  onRefused(entry: OutboxEntry, problem: MialinkError): void;
}

export interface StateChange {
  time: Date;
  state: DeviceState;
  problem: MialinkError | undefined;
}

/** A device while it is open. */
export interface OpenDevice {
  device: AliyunDevice;
  setup: Setup;
  /** The last 20, oldest first. */
  changes: StateChange[];
}

interface Shared extends OpenDevice {
  owners: Owner[];
}

const MOST_CHANGES = 20;

export class AliyunDevices {
  private readonly shared = new Map<string, Shared>();
  private readonly outboxes = new OutboxStores();

  /**
   * The device of this triple, open; one `take` for each owner. Throws a MialinkError (`CONFIG`) for a thing model that is
   * none, and for a setting that differs from those with which the device is open.
   */
  take(setup: Setup, owner: Owner, userDir: string): AliyunDevice {
    const key = keyOf(setup.settings.triple);
    const known = this.shared.get(key);
    if (known) {
      assertAlike(setup, known.setup);
      known.owners.push(owner);
      return known.device;
    }
    const shared = this.open(setup, owner, userDir);
    this.shared.set(key, shared);
    shared.device.open();
    return shared.device;
  }

  /** Resolves when the device is closed, if this was its last owner. */
  async release(device: AliyunDevice, owner: Owner): Promise<void> {
    const key = keyOf(device.identity);
    const shared = this.shared.get(key);
    if (shared?.device !== device) return;
    shared.owners = shared.owners.filter((one) => one !== owner);
    if (shared.owners.length > 0) return;
    this.shared.delete(key);
    await device.close();
  }

  /** The device of this triple while it is open. */
  find(triple: { productKey: string; deviceName: string }): OpenDevice | undefined {
    return this.shared.get(keyOf(triple));
  }

  private open(setup: Setup, owner: Owner, userDir: string): Shared {
    const { given, settings, thingModel } = setup;
    const owners = [owner];
    const registration = registrationOf(settings, userDir);
    const logger: Logger = {
      debug: (text) => shared.owners[0]?.logger.debug(text),
      warn: (problem) => shared.owners[0]?.logger.warn(problem),
    };
    const device = new AliyunDevice(given, {
      logger,
      thingModel,
      outbox: this.outboxes.of(settings, userDir),
      credentials: registration && ((signal) => registration.credentials(signal)),
    });
    const shared: Shared = { device, setup, changes: [], owners };
    const outage = new Outage(logger.warn);
    device.on('refused', (entry, problem) => {
      const { source } = entry;
      // A node that uses the device reports what it has posted itself, see `followOutbox`.
      if (source !== undefined && shared.owners.some((one) => one.isUsedBy(source))) return;
      shared.owners[0]?.onRefused(entry, problem);
    });
    device.on('state', (state, problem) => {
      const before = shared.changes.at(-1)?.state;
      shared.changes = [...shared.changes, { time: new Date(), state, problem }].slice(-MOST_CHANGES);
      outage.follow(state, problem);
      // Once: with its next try it may register anew, which is not to be forgotten.
      if (state === 'deleted' && before !== state) registration?.deviceDeleted().catch(logger.warn);
    });
    this.outboxes.leftBy(settings, userDir).then((problems) => problems.forEach(logger.warn));
    return shared;
  }
}

/** The field in which they differ, none if they do not. */
export function differingField(one: Setup, other: Setup): string | undefined {
  const [fields, others] = [fieldsOf(one), fieldsOf(other)];
  return Object.keys(fields).find((name) => fields[name] !== others[name]);
}

function keyOf({ productKey, deviceName }: { productKey: string; deviceName: string }): string {
  return `${productKey}/${deviceName}`;
}

/** The values are not told: some of them are secret. */
function assertAlike(wanted: Setup, open: Setup): void {
  const field = differingField(wanted, open);
  if (field === undefined) return;
  const device = wanted.settings.label;
  const rule = 'the same in all aliyun-device nodes of one ProductKey and DeviceName';
  throw new MialinkError('settingInvalid', { device, field, rule, value: 'another one' });
}

/** All that the device is made of, as the fields of the dialog; region and instance are in the endpoint. */
function fieldsOf({ settings, thingModel }: Setup): Record<string, unknown> {
  const { label, triple, endpoint, region, instanceId, ca, certificate, clientExtras, ...simple } = settings;
  return {
    deviceSecret: triple.deviceSecret,
    transport: endpoint.transport,
    endpoint: `${endpoint.host}:${endpoint.port}`,
    ca: ca.join(),
    clientCert: certificate?.cert,
    clientKey: certificate?.key,
    clientExtras: JSON.stringify(Object.entries(clientExtras).sort()),
    ...simple,
    thingModel,
  };
}
