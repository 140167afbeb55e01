/**
 * aliyun-ota: takes a firmware that the cloud pushes, downloads and verifies it (output 1: the file), and tells the
 * cloud and output 2 how far it is. Flashing is what the flow does behind output 1.
 */
import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import {
  type FirmwareNotice,
  fileVersionStore,
  OtaClient,
  type OtaProgress,
  type OtaState,
  safeName,
} from '../lib/aliyun/ota';
import { MialinkError } from '../lib/errors';
import { logOf } from './aliyun-device';
import { operationNamed } from './aliyun-request';
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
}

type Operation = (ota: OtaClient, payload: unknown) => Promise<void>;

const OPERATIONS: Record<string, Operation> = {
  version: (ota, payload) => ota.informVersion(asText(payload)),
  request: (ota) => ota.requestFirmware(),
  progress: (ota, payload) => {
    const { step, desc } = isRecord(payload) ? payload : { step: payload, desc: '' };
    return ota.reportProgress(asNumber(step) ?? Number.NaN, asText(desc));
  },
  download: (ota) => ota.startDownload(),
  cancel: (ota) => ota.cancel(),
};

/** In front of the connection's. */
const LIGHTS = {
  idle: undefined,
  notified: 'waiting',
  downloading: 'downloading',
  verified: 'verified',
  closed: undefined,
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
        await untilClosed(signal, operation(client, message.payload));
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
  const maxSize = maxSizeOf(node, config);
  const device = chosen.acquire();
  const { productKey, deviceName } = device.identity;
  const userDir = RED.settings.userDir ?? process.cwd();
  const ownDirectory = join(userDir, 'aliyun-ota', safeName(productKey), safeName(deviceName));
  const moduleName = asText(config.module);
  const ota = new OtaClient(device, {
    module: moduleName || undefined,
    version: asText(config.version) || undefined,
    directory: asText(config.directory) || ownDirectory,
    download: config.download === 'manual' ? 'manual' : 'auto',
    maxSize,
    allowHttp: asFlag(config.allowHttp, false),
    ca: device.additionalRoots,
    logger: logOf(RED, node),
    versionStore: fileVersionStore(
      join(ownDirectory, `${safeName(moduleName || 'default')}.version`),
      device.label,
    ),
  });
  ota.on('state', (state) => light.showFirmware(LIGHTS[state]));
  ota.on('progress', (progress) => node.send([null, progressMessage(progress)]));
  ota.on('firmware', ({ paths, notice }) => node.send([firmwareMessage(paths, notice), null]));
  ota.on('failed', (problem) => {
    light.show(problem.code === 'CANCELLED' ? 'cancelled' : 'failed');
    const about: Partial<Message> = { aliyun: { module: moduleName || 'default' } };
    node.error(inUsersLanguage(RED, problem), about);
  });
  ota.start();
  return ota;
}

/** A limit that is misspelt must not be none. */
function maxSizeOf(node: Node, config: Config): number | undefined {
  const maxSize = asNumber(config.maxSize);
  if (maxSize === undefined || maxSize > 0) return maxSize;
  const values = { device: node.name || node.type, field: 'maxSize', rule: 'a number of bytes above 0' };
  throw new MialinkError('settingInvalid', { ...values, value: asText(config.maxSize) });
}

function progressMessage({ step, desc, received, size }: OtaProgress): Partial<Message> {
  return { payload: { step, desc, received, size } };
}

function firmwareMessage(paths: string[], notice: FirmwareNotice): Partial<Message> {
  const { version, module, files, isDiff, extData } = notice;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const [first] = files;
  return {
    payload: paths.length === 1 ? paths[0] : paths,
    aliyun: { version, module, size, signMethod: first?.signMethod, sign: first?.sign, isDiff, extData },
  };
}
