/**
 * aliyun-ota: takes a firmware that the cloud pushes, downloads and verifies it (output 1: the file), and tells the
 * cloud and output 2 how far it is. Flashing is what the flow does behind output 1.
 */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import {
  fileStateStore,
  fileVersionStore,
  OtaClient,
  type OtaFirmware,
  type OtaProgress,
  type OtaState,
  readPublicKey,
  safeName,
} from '../lib/aliyun/ota';
import { MialinkError } from '../lib/errors';
import { logOf } from './aliyun-device';
import { keepRefusal, operationNamed } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import {
  asFlag,
  asNumber,
  asText,
  inUsersLanguage,
  isRecord,
  type Message,
  onInput,
  untilClosed,
} from './runtime';
import { type FIRMWARE, StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  module?: string;
  version?: string;
  directory?: string;
  download?: string;
  maxSize?: string | number;
  allowHttp?: boolean | string;
  allowPrivateRedirect?: boolean | string;
  publicKey?: string;
  keepVersions?: string | number;
}

type Operation = (ota: OtaClient, message: Message) => Promise<void>;

const OPERATIONS: Record<string, Operation> = {
  version: (ota, { payload }) => ota.informVersion(asText(isRecord(payload) ? payload.version : payload)),
  request: (ota, message) => ota.requestFirmware().catch(keepRefusal(message)),
  // Of the firmware that the message came from: a newer one may have taken its place.
  progress: (ota, { payload, aliyun }) => {
    const { step, desc } = isRecord(payload) ? payload : { step: payload, desc: '' };
    const version = isRecord(aliyun) ? asText(aliyun.version) : '';
    return ota.reportProgress(asNumber(step) ?? Number.NaN, asText(desc), version || undefined);
  },
  download: (ota) => ota.startDownload(),
  cancel: (ota) => ota.cancel(),
};

/** In front of the connection's. */
const LIGHTS = {
  idle: undefined,
  notified: 'waiting',
  downloading: 'downloading',
  verifying: 'verifying',
  verified: 'verified',
  flashing: 'flashing',
  waiting: 'version-missing',
  done: undefined,
  failed: undefined,
} as const satisfies Record<OtaState, keyof typeof FIRMWARE | undefined>;

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-ota', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    let ota: OtaClient | undefined;
    const started = () => {
      ota ??= startOta(RED, this, config, chosen, light);
      return ota;
    };
    chosen.orShow(started);

    onInput(
      RED,
      this,
      async (message, _send, signal) => {
        const client = started();
        const operation = operationOf(chosen.acquire(), asText(message.operation));
        await untilClosed(signal, operation(client, message));
      },
      async () => {
        await ota?.close();
        await chosen.release();
      },
    );
  }
}

function operationOf(device: AliyunDevice, name: string): Operation {
  if (name !== '') return operationNamed(device, OPERATIONS, name);
  throw new MialinkError('operationMissing', {
    device: device.label,
    known: Object.keys(OPERATIONS).join(', '),
  });
}

/** Throws the MialinkError that says which setting is wrong. */
function startOta(
  RED: NodeAPI,
  node: Node,
  config: Config,
  chosen: ChosenDevice<AliyunDevice>,
  light: StatusLight,
): OtaClient {
  const maxSize = countOf(node, 'maxSize', config.maxSize);
  const keepVersions = countOf(node, 'keepVersions', config.keepVersions);
  const publicKey = publicKeyOf(node, config);
  const device = chosen.acquire();
  const { productKey, deviceName } = device.identity;
  const userDir = RED.settings.userDir ?? process.cwd();
  const ofDevice = (folder: string) => join(folder, safeName(productKey), safeName(deviceName));
  const ownDirectory = ofDevice(join(userDir, 'aliyun-ota'));
  const directory = asText(config.directory);
  const moduleName = asText(config.module);
  const ownFile = (suffix: string) => join(ownDirectory, `${safeName(moduleName || 'default')}.${suffix}`);
  const ota = new OtaClient(device, {
    module: moduleName || undefined,
    version: asText(config.version) || undefined,
    // Several devices may name the same one, and firmware of the same name.
    directory: directory ? ofDevice(directory) : ownDirectory,
    download: config.download === 'manual' ? 'manual' : 'auto',
    maxSize,
    keepVersions,
    publicKey,
    allowHttp: asFlag(config.allowHttp, false),
    allowRedirectToPrivate: asFlag(config.allowPrivateRedirect, false),
    ca: device.additionalRoots,
    logger: logOf(RED, node),
    versionStore: fileVersionStore(ownFile('version'), device.label),
    stateStore: fileStateStore(ownFile('state')),
  });
  ota.on('state', (state, version) => {
    const isMissing = state === 'waiting' && version !== undefined;
    const text = isMissing ? RED._('aliyun-ota.status.version-missing', { version }) : undefined;
    light.showFirmware(LIGHTS[state], text);
  });
  ota.on('progress', (progress) => node.send([null, progressMessage(progress)]));
  ota.on('firmware', (firmware) => node.send([firmwareMessage(firmware), null]));
  ota.on('failed', (problem) => {
    light.show(problem.code === 'CANCELLED' ? 'cancelled' : 'failed');
    const about: Partial<Message> = { aliyun: { module: moduleName || 'default', ...problem.peer } };
    node.error(inUsersLanguage(RED, problem), about);
  });
  try {
    ota.start();
  } catch (error) {
    // The device of this node is connected all the same, and its status is not to say so.
    light.showFirmware('module-taken');
    throw error;
  }
  light.showFirmware(LIGHTS[ota.state]);
  return ota;
}

/** A limit that is misspelt must not be none. Undefined for a blank. */
function countOf(node: Node, field: string, value: unknown): number | undefined {
  const count = asNumber(value);
  if (count === undefined || (count > 0 && Number.isInteger(count))) return count;
  const values = { device: node.name || node.type, field, rule: 'a whole number above 0' };
  throw new MialinkError('settingInvalid', { ...values, value: asText(value) });
}

function publicKeyOf(node: Node, config: Config): KeyObject | undefined {
  const text = asText(config.publicKey);
  return text === '' ? undefined : readPublicKey(text, node.name || node.type);
}

function progressMessage({ step, desc, received, size }: OtaProgress): Partial<Message> {
  return { payload: { step, desc, received, size } };
}

function firmwareMessage({ paths, notice, repeated }: OtaFirmware): Partial<Message> {
  const { version, module, files, isDiff, extData } = notice;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const [first] = files;
  const about = { version, module, size, signMethod: first?.signMethod, sign: first?.sign, isDiff, extData };
  return {
    payload: paths.length === 1 ? paths[0] : paths,
    aliyun: repeated ? { ...about, repeated } : about,
  };
}
