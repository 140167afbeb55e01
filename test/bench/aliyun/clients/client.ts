/** What the benchmark asks of a client. Loads none of them: that is measured, too. */

export const CLIENT_NAMES = ['raw', 'ours', 'alibabacloud-iot-device-sdk', 'aliyun-iot-device-sdk'] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];

/** With the default settings of the client, but over plain TCP, and ours without a limit to its rate. */
export interface Client {
  /** Resolves when the device of this number may post. */
  connect(network: number, number: number): Promise<Device>;
}

export interface Device {
  /** Resolves with the cloud's reply. */
  post(properties: Record<string, unknown>): Promise<unknown>;
}

export interface ClientOptions {
  /** Ours checks what is posted by this; the others cannot. Default: none. */
  thingModel?: object;
}

/** The module of each client exports the one function `open`. */
export function openClient(name: ClientName, options: ClientOptions = {}): Client {
  const { open }: { open(options: ClientOptions): Client } = require(`./${name}`);
  return open(options);
}
