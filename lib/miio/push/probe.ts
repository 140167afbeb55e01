/**
 * The question whether a MIoT device reports on the local network, and its answer. Pure.
 *
 *   probe    a hello with this in its last 16 bytes:
 *            offset size
 *            16     4    MDID
 *            20     8    virtual did: the number that a subscriber chooses for himself
 *            28     4    0
 *   answer   the answer to a hello, with this in the place of the token:
 *            16     4    MSUB
 *            20     4    sub_ts: the `update_ts` of the subscription that the device keeps
 *            24     3    PUB
 *            27     1    type of the device
 *            28     1    fe: everything can be subscribed to at once
 *
 * Other devices answer as to any hello, or keep silent. Source: the observed behaviour of ha_xiaomi_home, and the
 * packets `hello-mdid` and `reply-msub` in test/vectors/miio.json.
 */
import { HELLO } from '../packet';

/** What a device tells of its subscriptions. */
export interface Offer {
  /** `sub_ts`; 0 or any other number when it keeps none of ours. */
  subscribedAt: number;
  type: number;
  wildcard: boolean;
}

const WILDCARD = 0xfe;
/** The types of device that send reports to whoever subscribes. */
const REPORTING_TYPES = [0, 1, 4];

export function encodeProbe(virtualDid: bigint): Buffer {
  const probe = Buffer.from(HELLO);
  probe.write('MDID', 16, 'latin1');
  probe.writeBigUInt64BE(virtualDid, 20);
  probe.writeUInt32BE(0, 28);
  return probe;
}

/** Reads bytes 16..31 of the answer to a hello; undefined if they are anything else, such as a token. */
export function readOffer(field: Buffer): Offer | undefined {
  if (field.length < 13) return undefined;
  if (field.toString('latin1', 0, 4) !== 'MSUB' || field.toString('latin1', 8, 11) !== 'PUB')
    return undefined;
  return {
    subscribedAt: field.readUInt32BE(4),
    type: field.readUInt8(11),
    wildcard: field.readUInt8(12) === WILDCARD,
  };
}

/** True if this device can be subscribed to. */
export function isReporting({ type, wildcard }: Offer): boolean {
  return wildcard && REPORTING_TYPES.includes(type);
}
