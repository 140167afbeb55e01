/**
 * miio-event: puts out what a device reports of its own accord: a MIoT device its properties and events, a gateway what
 * happens at the devices behind it.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { MialinkError } from '../lib/errors';
import type { MiioDevice } from '../lib/miio';
import {
  checkSceneEvents,
  type EventReport,
  type PropertyReport,
  type SceneReport,
  type SceneState,
  type SubscriptionState,
} from '../lib/miio/push';
import { ChosenDevice } from './device-sharing';
import { afterDeploys, inUsersLanguage, type Message, onClose } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  source?: string;
  events?: unknown;
}

/** What has happened, and its name. */
interface News {
  topic: string;
  payload: object;
}

/** Where a node puts what it hears. */
interface Hearing {
  send(news: News): void;
  show(state: SubscriptionState | SceneState): void;
  warn(problem: MialinkError): void;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('miio-event', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<MiioDevice>(RED, this, config.device, light);

    let stopListening: (() => void | Promise<void>) | undefined;
    const listen = () => {
      const device = chosen.acquire();
      const hearing: Hearing = {
        send: (news) => this.send(messageAbout(news, device)),
        show: (state) => light.showPush(LIGHTS[state]),
        warn: (problem) => this.warn(inUsersLanguage(RED, problem).message),
      };
      return config.source === 'gateway'
        ? listenToGateway(device, config.events, hearing)
        : listenToDevice(device, hearing);
    };

    let mistake: Error | undefined;
    chosen.orShow(() => {
      mistake = undefined;
      try {
        stopListening = listen();
      } catch (error) {
        mistake = inUsersLanguage(RED, error);
        throw error;
      }
    });
    let told: string | undefined;
    // Without an input, no message will tell what is wrong. Before all nodes have started, no Catch node would hear it;
    // by then it has been tried again. Once is enough, however often a deploy tries it.
    const stopTelling = afterDeploys(RED, () => {
      if (mistake && mistake.message !== told) this.error(mistake, {});
      told = mistake?.message;
    });
    onClose(this, async () => {
      stopTelling();
      await stopListening?.();
      await chosen.release();
    });
  }
}

const LIGHTS = {
  probing: 'subscribing',
  sending: 'subscribing',
  subscribed: 'subscribed',
  unsupported: 'not-offered',
  refused: 'event-refused',
  portTaken: 'port-taken',
  closed: 'subscribing',
} as const satisfies Record<SubscriptionState | SceneState, string>;

/** The subscription is shared with the other nodes of the device, and ends with it. */
function listenToDevice(device: MiioDevice, { send, show, warn }: Hearing): () => void {
  const subscription = device.subscribe();
  const onState = (state: SubscriptionState) => {
    show(state);
    if (state === 'unsupported') warn(new MialinkError('reportsNotOffered', { device: device.label }));
  };
  const onProperties = (properties: PropertyReport[]) => {
    for (const property of properties) send(propertyNews(property));
  };
  const onEvent = (event: EventReport) => send(eventNews(event));
  subscription.on('state', onState).on('properties', onProperties).on('event', onEvent);
  onState(subscription.state);
  return () => {
    subscription.off('state', onState).off('properties', onProperties).off('event', onEvent);
  };
}

function listenToGateway(
  device: MiioDevice,
  events: unknown,
  { send, show, warn }: Hearing,
): () => Promise<void> {
  const scenes = device.subscribeScenes(checkSceneEvents(device.label, events));
  scenes.on('state', show).on('problem', warn);
  scenes.on('event', (report) => send(sceneNews(report)));
  show(scenes.state);
  return () => scenes.close();
}

function propertyNews({ siid, piid, value }: PropertyReport): News {
  return { topic: `prop.${siid}.${piid}`, payload: { siid, piid, value } };
}

function eventNews({ siid, eiid, arguments: values }: EventReport): News {
  return { topic: `event.${siid}.${eiid}`, payload: { siid, eiid, arguments: values } };
}

function sceneNews(report: SceneReport): News {
  return { topic: report.event, payload: { ...report } };
}

function messageAbout({ topic, payload }: News, { address, deviceId }: MiioDevice): Partial<Message> {
  return { topic, payload, miio: { address, deviceId } };
}
