/**
 * aliyun-config: the remote configuration of the product, when a message asks for it and when the cloud pushes one;
 * fetched and verified.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import {
  type ConfigNotice,
  fetchConfig,
  getConfig,
  onConfigPush,
} from '../lib/aliyun/functions/remote-config';
import { MialinkError, messageOf } from '../lib/errors';
import { keepRefusal } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { formatOf, readPayload } from './payload-format';
import { inUsersLanguage, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  format?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-config', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const format = formatOf(config.format);

    const contentOf = async (device: AliyunDevice, notice: ConfigNotice, signal: AbortSignal) => {
      const bytes = await fetchConfig(notice, device, { signal });
      try {
        return readPayload(bytes, format);
      } catch (error) {
        throw new MialinkError('configUnreadable', { device: device.label, cause: messageOf(error) });
      }
    };

    const passOn = async (device: AliyunDevice, notice: ConfigNotice, signal: AbortSignal) => {
      const message: Partial<Message> = { aliyun: describe(notice, true) };
      try {
        message.payload = await light.during(() => contentOf(device, notice, signal));
        if (!signal.aborted) this.send(message);
      } catch (error) {
        if (!signal.aborted) this.error(inUsersLanguage(RED, error), message as Message);
      }
    };

    chosen.listen((device) => [onNewest(device, (notice, signal) => passOn(device, notice, signal))]);

    const ask = async (message: Message, signal: AbortSignal) => {
      const asked = chosen.acquire();
      const notice = await untilClosed(signal, getConfig(asked));
      message.payload = await contentOf(asked, notice, signal);
      message.aliyun = describe(notice, false);
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        // That of a node before this one would be taken for the cloud's answer to this request.
        delete message.aliyun;
        await light.during(() => ask(message, signal).catch(keepRefusal(message)));
        send(message);
      },
      () => chosen.release(),
    );
  }
}

/**
 * Calls `take` with each pushed notice; a newer one aborts the signal of an older one, which is not worth waiting for.
 * Returns how to stop that, and everything under way.
 */
function onNewest(
  device: AliyunDevice,
  take: (notice: ConfigNotice, signal: AbortSignal) => Promise<void>,
): () => Promise<void> {
  let newest = new AbortController();
  let taken = Promise.resolve();
  const stop = onConfigPush(device, (notice) => {
    newest.abort();
    newest = new AbortController();
    const one = take(notice, newest.signal);
    taken = taken.then(() => one);
  });
  return async () => {
    stop();
    newest.abort();
    await taken;
  };
}

/** Without its address, which is signed. */
function describe({ configId, size, sign, signMethod }: ConfigNotice, pushed: boolean): object {
  return { configId, size, sign, signMethod, pushed };
}
