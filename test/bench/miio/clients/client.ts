/** What the benchmark asks of a client. Loads none of them: that is measured, too. */

export const CLIENT_NAMES = ['floor', 'ours', 'miio', 'miio-api'] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];
/** Those whose users expect a command to arrive on a bad network; the floor never sends anything again. */
export const RETRYING: ClientName[] = ['ours', 'miio', 'miio-api'];

/** With the default settings of the client, where nothing else is said. */
export interface Client {
  /** Does what a program must do before it can command a device. */
  connect(address: string): Promise<Device>;
  /** Packets without a network. */
  codec: Codec;
  /** Says hello to every address of a network, and calls `found` for each device; missing: it cannot. */
  sweep?(range: Range, found: () => void): void;
}

/** A network, and the addresses of its hosts. */
export interface Range {
  cidr: string;
  hosts: string[];
}

export interface Device {
  call(method: string, params: unknown[]): Promise<unknown>;
}

export interface Codec {
  /** The packet of a request. */
  encode(id: number, method: string, params: unknown[]): Buffer;
  /** The result in the packet of an answer. */
  decode(packet: Buffer): unknown;
}

/** What a person changes for a bad network. */
export interface Patience {
  retries: number;
  timeoutMs: number;
}

/** The module of each client exports the one function `open`; only ours can be told to have more patience. */
export function openClient(name: ClientName, patience?: Patience): Client {
  const { open }: { open(patience?: Patience): Client } = require(`./${name}`);
  return open(patience);
}
