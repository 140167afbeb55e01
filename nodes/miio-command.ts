/** miio-command: sends one command to a device for each message, and passes the result on. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { MialinkError } from '../lib/errors';
import type { MiioDevice } from '../lib/miio';
import { isDestructive } from '../lib/miio/destructive';
import { checkConfigRouter } from '../lib/miio/provisioning';
import { ChosenDevice } from './device-sharing';
import { deviceOfMessage } from './message-device';
import { asFlag, asNumber, asText, isRecord, type Message, onInput, typedValue } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  method?: string;
  methodType?: string;
  params?: string;
  paramsType?: string;
  retries?: string | number;
  allowDestructive?: boolean | string;
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
      // Only the field allows it: what a message can switch on, a wrong message switches on.
      if (isDestructive(method) && !asFlag(config.allowDestructive, false)) {
        throw new MialinkError('destructiveRefused', { node: this.name || this.type, method });
      }
      const params = await paramsOf(RED, this, config, message);
      const device = chosen ? chosen.acquire() : deviceOfMessage(message, this);
      const retries = asNumber(config.retries) ?? asNumber(message.retries);
      try {
        if (method === 'miIO.config_router') checkConfigRouter(device.label, params);
        const { result, id, durationMs } = await device.call(method, params, { retries, signal });
        const { address, deviceId } = device;
        message.miio = { address, deviceId, method, params: withoutPassword(params), id, durationMs };
        message.payload = result;
      } catch (error) {
        if (error instanceof MialinkError && error.peer) {
          message.miio = { method, params: withoutPassword(params), ...error.peer };
        }
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

/** What provisioning sends is not for those behind us. */
function withoutPassword(params: unknown): unknown {
  return isRecord(params) && 'passwd' in params ? { ...params, passwd: '***' } : params;
}
