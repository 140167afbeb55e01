/** What a device last told of itself, and its clock by that. */

/** Of the last hello or verified answer. */
export interface Peer {
  address: string;
  did: Buffer;
  /** The same, decimal. */
  deviceId: string;
  /** The device's clock in seconds, and when it was heard (`performance.now()`, milliseconds). */
  stamp: number;
  heardAt: number;
}

/** The device's clock now; wraps at 32 bits as the field does. */
export function stampNow(peer: Readonly<Peer>, now = performance.now()): number {
  return (peer.stamp + Math.floor((now - peer.heardAt) / 1000)) >>> 0;
}

/** True if the stamp is behind the device's clock by more than so much. A clock that stands still, as some do, is not. */
export function isBehind(peer: Readonly<Peer>, stamp: number, seconds: number): boolean {
  // The difference as a signed 32 bit number stays right when the clock wraps.
  return stamp !== peer.stamp && ((stampNow(peer) - stamp) | 0) > seconds;
}
