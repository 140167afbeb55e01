/**
 * A scene that a gateway carries out: when this happens at that device, call us. Pure.
 *
 *   send_data_frame  {"cur":0,"data":SCENE,"data_tkn":29576,"total":1,"type":"scene"}
 *   SCENE            the text of [["x.scene.<id>", ["1.0", made, ["0", trigger], [target]]]]
 *   trigger          what happens: `key` is event.<model>.<event>, and `extra` its code in the Zigbee network
 *   target           whom to call: `command` is <our model>.<method>, `token` the gateway's own, encrypted with itself
 *
 * The gateway then calls <method> at our UDP port 54321; we choose it as <name>:<source did>. Source: python-miio's
 * push server, tested with lumi gateways.
 */
import { deriveKeys, encodePacket, HEADER_BYTES } from '../packet';
import type { SceneEvent } from './scene-event';

/** How the gateway reaches us, and how it knows us. */
export interface SceneTarget {
  /** IPv4 address of this machine, as the gateway sees it. */
  address: string;
  /** Of the gateway. */
  token: Buffer;
  /** The gateway itself is the source: some of its events, such as its alarm, are told only to who knows its token. */
  own: boolean;
}

/** The device that we pretend to be: a plug that python-miio's users have told their gateways of for years. */
export const OUR_DID = 120_009_025;
const OUR_MODEL = 'chuangmi.plug.v3';
/** Gateways cut a longer one. */
const LONGEST_COMMAND = 49;
const LONGEST_NAME = 12;
/** Ids are below this, so that a name stays unique however long the rest is. */
export const SCENE_IDS = 36 ** 5;

/** Whole days, every day of the week. */
const ALWAYS = '0 0 * * 0,1,2,3,4,5,6';

export function sceneName(id: number): string {
  return `x.scene.${id}`;
}

/** The method that the gateway calls, as it comes back: unique for each id. */
export function sceneMethod(id: number, { event, sourceDid }: SceneEvent): string {
  const name = `${event.slice(0, LONGEST_NAME)}_${id.toString(36)}`.replaceAll(/[.:]/g, '_');
  const command = `${OUR_MODEL}.${name}:${sourceDid.replaceAll('.', '_')}`;
  return command.slice(OUR_MODEL.length + 1, LONGEST_COMMAND);
}

/** The params of `send_data_frame`. `madeAt` is in seconds since 1970. */
export function sceneFrame(id: number, event: SceneEvent, target: SceneTarget, madeAt: number): object {
  const token = target.token.toString('hex');
  const trigger = {
    did: event.sourceDid,
    extra: event.extra,
    key: `event.${event.sourceModel}.${event.event}`,
    model: event.sourceModel,
    src: 'device',
    timespan: [ALWAYS, ALWAYS],
    token: target.own ? token : '',
  };
  const call = {
    command: `${OUR_MODEL}.${sceneMethod(id, event)}`,
    did: String(OUR_DID),
    extra: '',
    id: 0,
    ip: target.address,
    model: OUR_MODEL,
    token: encryptedToken(target.token),
    value: '',
  };
  const scene = [[sceneName(id), ['1.0', madeAt, ['0', trigger], [call]]]];
  return { cur: 0, data: JSON.stringify(scene), data_tkn: 29_576, total: 1, type: 'scene' };
}

/** The token encrypted as the content of a packet is, but only its first 16 bytes. */
function encryptedToken(token: Buffer): string {
  const packet = encodePacket(Buffer.alloc(8), 0, token, deriveKeys(token));
  return packet.toString('hex', HEADER_BYTES, HEADER_BYTES + token.length);
}
