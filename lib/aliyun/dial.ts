/** Opens one MQTT connection for a device's settings; what becomes of it is `connection.ts`' business. */
import { connect as connectMqtt, type IClientOptions, type MqttClient } from 'mqtt';
import { signIn } from './identity';
import { trustedRoots } from './roots';
import type { CheckedSettings } from './settings';

/** How mqtt.js is called; tests hand in their own. */
export type Connect = (url: string, options: IClientOptions) => MqttClient;

/** Time for TCP, TLS and CONNACK together. */
export const CONNECT_TIMEOUT_MS = 15_000;

/** Returns a client that is connecting. Throws when a socket cannot even be made. */
export function dial(settings: CheckedSettings, connect: Connect = connectMqtt): MqttClient {
  const { triple, endpoint, signMethod, keepalive, cleanSession, ca } = settings;
  const secure = endpoint.transport === 'tls' || endpoint.transport === 'wss';
  return connect(endpoint.url, {
    // ext=1: synchronous services arrive on /ext/rrpc as well.
    ...signIn(triple, { signMethod, secureMode: secure ? 2 : 3, extras: { ext: 1 } }),
    ...(secure ? { ca: trustedRoots(ca), rejectUnauthorized: true } : undefined),
    protocolVersion: 4,
    clean: cleanSession,
    keepalive,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // Its debug log would show the password in CONNECT.
    log: () => undefined,
  });
}
