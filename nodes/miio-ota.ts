/**
 * miio-ota: installs a firmware file on a device. It serves the file to the device, follows it until the firmware runs
 * (output 1: the result), and tells how far it is (output 2). One that comes meanwhile is installed next. Takes what aliyun-ota puts out, and both outputs are what
 * aliyun-ota takes: the version that runs now, and the progress.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { MialinkError, messageOf } from '../lib/errors';
import type { MiioDevice } from '../lib/miio';
import { type UpgradeOptions, type UpgradeProgress, upgradeFirmware } from '../lib/miio/ota';
import { ChosenDevice } from './device-sharing';
import { NewestTurn } from './newest-turn';
import { asNumber, asText, isRecord, type Message, onInput, untilClosed } from './runtime';
import { OPERATION, StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  timeoutMs?: string | number;
  address?: string;
  port?: string | number;
}

type Tell = (step: number, desc: string) => void;

/** What the cloud takes for: flashing failed. */
const FLASH_FAILED = -4;

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('miio-ota', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<MiioDevice>(RED, this, config.device, light);
    chosen.acquireOrShow();

    const turns = new NewestTurn();

    const install = async (
      device: MiioDevice,
      file: string,
      message: Message,
      tell: Tell,
      signal: AbortSignal,
    ) => {
      const onProgress = ({ percent, state }: UpgradeProgress) => {
        this.status({ ...OPERATION.busy, text: `${percent} %` });
        tell(percent, state);
      };
      try {
        const { state, version } = await upgradeFirmware(device, file, {
          ...settingsOf(config, message, device.label),
          signal,
          onProgress,
        });
        tell(100, version ? `runs ${version}` : state);
        message.miio = { address: device.address, deviceId: device.deviceId };
        message.operation = 'version';
        message.payload = { file, version, state };
      } catch (error) {
        if (error instanceof MialinkError && error.peer) message.miio = { ...error.peer };
        throw error;
      }
    };

    /** Resolves with whether it was installed: not, if a newer one has come. */
    const installInTurn = async (message: Message, tell: Tell, signal: AbortSignal): Promise<boolean> => {
      const device = chosen.acquire();
      const file = fileOf(message, device.label);
      const name = JSON.stringify([file, orderOf(message).version]);
      const turn = await untilClosed(signal, turns.take(name));
      if (turn === 'again') throw new MialinkError('upgradeUnderWay', { device: device.label });
      if (turn === 'outdated') return false;
      try {
        await install(device, file, message, tell, signal);
        return true;
      } finally {
        turns.end();
      }
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        const tell: Tell = (step, desc) => send([null, progressMessage(RED, message, step, desc)]);
        try {
          const isInstalled = await light.during(() => installInTurn(message, tell, signal));
          if (isInstalled) send([message, null]);
        } catch (error) {
          // Neither a flow that stops nor a message too many is a failure of the firmware: the cloud's task stays open.
          const tooMany = error instanceof MialinkError && error.reason === 'upgradeUnderWay';
          if (!signal.aborted && !tooMany) tell(FLASH_FAILED, messageOf(error));
          throw error;
        }
      },
      () => chosen.release(),
    );
  }
}

/** The path in the payload, which may be an array of one as aliyun-ota sends it for several files. */
function fileOf({ payload }: Message, device: string): string {
  const [file, ...others]: unknown[] = Array.isArray(payload) ? payload : [payload];
  if (typeof file === 'string' && file.trim() !== '' && others.length === 0) return file.trim();
  const found = Array.isArray(payload) ? `an array of ${payload.length}` : typeof payload;
  throw new MialinkError('firmwareNotOne', { device, found });
}

function settingsOf(config: Config, message: Message, device: string): UpgradeOptions {
  const address = asText(config.address) || asText(message.address);
  const port = asNumber(config.port) ?? asNumber(message.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new MialinkError('portInvalid', { device, port });
  }
  const timeoutMs = asNumber(config.timeoutMs) ?? asNumber(message.timeoutMs);
  return { timeoutMs, address, port, ...orderOf(message) };
}

/** What aliyun-ota says of the firmware: its version, and whether it had handed it over before Node-RED was restarted. */
function orderOf({ aliyun }: Message): Pick<UpgradeOptions, 'version' | 'repeated'> {
  const { version, repeated } = isRecord(aliyun) ? aliyun : {};
  return { version: asText(version) || undefined, repeated: repeated === true };
}

/** `operation` makes it what aliyun-ota passes on to the cloud. */
function progressMessage(RED: NodeAPI, message: Message, step: number, desc: string): Message {
  return { ...RED.util.cloneMessage(message), operation: 'progress', payload: { step, desc } };
}
