/** Connections to a gate, with the settings of one lamp and short waiting times. */
import { Connection, type ConnectionState } from '../../../../lib/aliyun/connection';
import { type DialOptions, dialFor } from '../../../../lib/aliyun/dial';
import { Retry } from '../../../../lib/aliyun/retry';
import { type AliyunSettings, type CheckedSettings, checkSettings } from '../../../../lib/aliyun/settings';
import { Backoff } from '../../../../lib/backoff';
import type { MialinkError } from '../../../../lib/errors';
import { Reports } from '../bench';
import type { Gate } from './gate';

export const lamp = { productKey: 'a1b2c3d4e5f', deviceName: 'lamp-1' };
export const deviceSecret = 'c0ffee00c0ffee00c0ffee00c0ffee00';

/** What the lamp subscribes, when a test says nothing else. */
export const TOPIC = `/${lamp.productKey}/${lamp.deviceName}/user/get`;

export class Visitors {
  readonly reports = new Reports();
  private readonly connections: Connection[] = [];

  settings(gate: Gate, more: Partial<AliyunSettings> = {}): CheckedSettings {
    return checkSettings({
      ...lamp,
      deviceSecret,
      endpoint: `127.0.0.1:${gate.mqttPort}`,
      authEndpoint: `127.0.0.1:${gate.httpsPort}`,
      ca: gate.ca,
      ...more,
    });
  }

  /** Not opened yet. */
  visitor(settings: CheckedSettings, options: DialOptions = {}, topics = () => [TOPIC]): Connection {
    const connection = new Connection({
      label: settings.label,
      host: settings.endpoint.host,
      dial: dialFor(settings, options),
      topics,
      onMessage: () => undefined,
      retry: new Retry({ quick: new Backoff(20, 100), slow: new Backoff(200, 400) }),
      logger: this.reports,
    });
    this.connections.push(connection);
    return connection;
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
  }
}

/** Opens it and waits for the state, at once if it is in it; with the problem then. */
export function opened(connection: Connection, wanted: ConnectionState): Promise<MialinkError | undefined> {
  return new Promise((resolve) => {
    const look = () => {
      if (connection.state !== wanted) return;
      connection.off('state', look);
      resolve(connection.problem);
    };
    connection.on('state', look);
    connection.open();
    look();
  });
}
