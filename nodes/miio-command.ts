/** miio-command: sends one command to a device for each message, and passes the result on. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { MialinkError } from '../lib/errors';
import type { DeviceSettings, MiioDevice } from '../lib/miio';
import { ChosenDevice } from './device-sharing';
import { network } from './miio-device';
import { asNumber, asText, isRecord, type Message, onInput, typedValue } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  method?: string;
  methodType?: string;
  params?: string;
  paramsType?: string;
  retries?: string | number;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('miio-command', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = config.device ? new ChosenDevice<MiioDevice>(RED, this, config.device, light) : undefined;
    if (chosen) chosen.acquireOrShow();
    else light.showConnection('idle');

    const handle = async (message: Message, signal: AbortSignal) => {
      const method = await methodOf(RED, this, config, message);
      const params = await paramsOf(RED, this, config, message);
      const device = chosen ? chosen.acquire() : deviceOfMessage(message, this);
      const retries = asNumber(config.retries) ?? asNumber(message.retries);
      try {
        const { result, id, durationMs } = await device.call(method, params, { retries, signal });
        const { address, deviceId } = device;
        message.miio = { address, deviceId, method, params, id, durationMs };
        message.payload = result;
      } catch (error) {
        if (error instanceof MialinkError && error.peer) message.miio = { method, params, ...error.peer };
        throw error;
      } finally {
        if (!chosen) device.close();
      }
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        await light.during(() => handle(message, signal));
        send(message);
      },
      () => chosen?.release(),
    );
  }
}

async function methodOf(RED: NodeAPI, node: Node, config: Config, message: Message): Promise<string> {
  const input = { field: 'method', value: asText(config.method), type: config.methodType || 'str' };
  if (input.value !== '') return asText(await typedValue(RED, node, message, input));
  return asText(message.method) || asText(isRecord(message.payload) ? message.payload.method : '');
}

async function paramsOf(RED: NodeAPI, node: Node, config: Config, message: Message): Promise<unknown> {
  const input = { field: 'params', value: asText(config.params), type: config.paramsType || 'json' };
  if (input.value !== '') return (await typedValue(RED, node, message, input)) ?? [];
  return message.params ?? (isRecord(message.payload) ? message.payload.params : undefined) ?? [];
}

/** A device that is not configured: `{address, port?, deviceId?, token, timeoutMs?, retries?}`. */
function deviceOfMessage(message: Message, node: Node): MiioDevice {
  const { device } = message;
  if (!isRecord(device)) throw new MialinkError('deviceNotGiven', { node: node.name || node.type });
  const settings: DeviceSettings = {
    address: asText(device.address),
    port: asNumber(device.port),
    token: asText(device.token),
    deviceId: asText(device.deviceId),
    timeoutMs: asNumber(device.timeoutMs),
    retries: asNumber(device.retries),
  };
  return network.device(settings);
}
