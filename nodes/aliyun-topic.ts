/**
 * aliyun-topic: publishes to custom topics and passes on what arrives on those it has subscribed; or passes on
 * broadcasts; or the RRPC calls of the cloud, whose answers come back to it.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { MialinkError, messageOf } from '../lib/errors';
import { ChosenDevice } from './device-sharing';
import { formatOf, readPayload } from './payload-format';
import { asText, inUsersLanguage, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';
import { type Origin, type Take, type TopicSettings, topicMode } from './topic-modes';

interface Config extends NodeDef, TopicSettings {
  device?: string;
  mode?: string;
  subscribe?: string;
  format?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-topic', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const format = formatOf(config.format);
    let stops: (() => void)[] | undefined;
    let mistake: unknown;

    const pass = ({ label: device }: AliyunDevice, bytes: Buffer, origin: Origin) => {
      const { topic } = origin;
      try {
        const message: Partial<Message> = { topic, payload: readPayload(bytes, format), aliyun: origin };
        this.send(message);
      } catch (error) {
        const problem = new MialinkError('downlinkMalformed', { device, topic, cause: messageOf(error) });
        const message: Partial<Message> = { topic, payload: bytes, aliyun: origin };
        this.error(inUsersLanguage(RED, problem), message as Message);
      }
    };

    /** A wrong field stays wrong until a deploy; the device's state is not to be shown over that. */
    const started = () => {
      if (mistake) throw mistake;
      const device = chosen.acquire();
      try {
        const mode = topicMode(device, config.mode);
        const take: Take = (bytes, origin) => pass(device, bytes, origin);
        stops ??= mode.listen(device, namesIn(config.subscribe), take);
        return { device, mode };
      } catch (error) {
        mistake = error;
        chosen.release().catch((problem: unknown) => this.warn(String(problem)));
        throw error;
      }
    };

    const handle = async (message: Message) => {
      const { device, mode } = started();
      await mode.handle(device, config, message);
    };

    chosen.orShow(started);
    onInput(
      RED,
      this,
      (message, _send, signal) => light.during(() => untilClosed(signal, handle(message))),
      () => {
        for (const stop of stops ?? []) stop();
        return chosen.release();
      },
    );
  }
}

/** Parted by commas, blanks or lines. */
function namesIn(value: unknown): string[] {
  return asText(value)
    .split(/[\s,]+/)
    .filter((name) => name !== '');
}
