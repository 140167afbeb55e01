/**
 * What a person hands to those who help him: a text (JSON) with the versions, the settings without secrets, the state and
 * how it came to it. Of what is secret, and of long texts, it only tells whether they are set.
 */
import { readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { MialinkError } from '../lib/errors';
import type { AliyunDeviceNode } from './aliyun-device';
import type { Setup } from './aliyun-device-settings';
import type { AliyunDevices, OpenDevice } from './aliyun-devices';
import { asText, isRecord } from './runtime';

const OWN_NAME = '@mialink/node-red-miio-aliyun';

/** `node`: the deployed one; none where it was not deployed yet. */
export function debugReport(
  RED: NodeAPI,
  node: AliyunDeviceNode | undefined,
  devices: AliyunDevices,
): string {
  const report = { time: new Date().toISOString(), versions: versions(RED), ...partOf(node, devices) };
  return JSON.stringify(report, null, 2);
}

function partOf(node: AliyunDeviceNode | undefined, devices: AliyunDevices): object {
  if (!node) return { deployed: false };
  const users = Object.values(node.users).map(({ type }) => type);
  try {
    const setup = node.readSetup();
    const open = devices.find(setup.settings.triple);
    return {
      deployed: true,
      users,
      settings: settingsOf(setup),
      ...(open ? courseOf(open) : { state: 'unused' }),
    };
  } catch (error) {
    return { deployed: true, users, state: 'misconfigured', problem: problemOf(error) };
  }
}

function versions(RED: NodeAPI): object {
  return {
    package: versionIn(__dirname, OWN_NAME),
    node: process.version,
    nodeRed: isRecord(RED.settings) ? asText(RED.settings.version) : '',
    mqtt: versionIn(dirname(require.resolve('mqtt')), 'mqtt'),
    system: `${platform()} ${arch()}`,
  };
}

/** In the nearest package.json of this name, here or above. */
function versionIn(directory: string, name: string): string {
  for (let at = directory; at !== dirname(at); at = dirname(at)) {
    const manifest = manifestIn(at);
    if (manifest?.name === name) return String(manifest.version);
  }
  return 'unknown';
}

function manifestIn(directory: string): Record<string, unknown> | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    return isRecord(manifest) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function settingsOf({ settings, thingModel }: Setup): object {
  const { label, triple, endpoint, ca, certificate, productSecret, clientExtras, ...plain } = settings;
  return {
    productKey: triple.productKey,
    deviceName: triple.deviceName,
    deviceSecret: setOrMissing(triple.deviceSecret),
    productSecret: setOrMissing(productSecret),
    url: endpoint.url,
    ...plain,
    certificates: ca.length,
    clientCertificate: setOrMissing(certificate),
    clientExtras: Object.keys(clientExtras),
    thingModel: setOrMissing(thingModel),
  };
}

function courseOf({ device, changes }: OpenDevice): object {
  return {
    state: device.state,
    problem: problemOf(device.problem),
    waiting: device.waiting,
    subscriptions: device.subscriptions.length,
    changes: changes.map(({ time, state, problem }) => {
      return { time: time.toISOString(), state, problem: problem?.message };
    }),
  };
}

function problemOf(problem: unknown): object | undefined {
  if (!(problem instanceof MialinkError)) return undefined;
  const { code, reason, message, peer } = problem;
  return { code, reason, message, peer };
}

function setOrMissing(value: unknown): string {
  return value ? 'set' : 'missing';
}
