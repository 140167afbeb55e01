/** Opens one MQTT connection for a device's settings; what becomes of it is `connection.ts`' business. */
import type { SecureContext } from 'node:tls';
import { connect as connectMqtt, type IClientOptions, type MqttClient } from 'mqtt';
import { MialinkError } from '../errors';
import { type Access, findAccess } from './access/access';
import { bootstrapOf } from './access/bootstrap';
import { foreignIdentity, IDENTITY_TOPIC } from './access/identity-notice';
import { isSecure } from './endpoint';
import type { Credentials } from './registration/credentials';
import { sharedTrust, trustWith } from './roots';
import type { CheckedSettings } from './settings';

/** How mqtt.js is called; tests hand in their own. */
export type Connect = (url: string, options: IClientOptions) => MqttClient;

/** A client that is connecting, and what the texts about it need. */
export interface Line {
  client: MqttClient;
  host: string;
  /** How it signs in, see `Access.kind`. */
  signIn: string;
}

/**
 * Asks where and how to sign in, if that is to be asked, and connects. Rejects with a MialinkError, or with the error of
 * a socket that cannot even be made. After an abort nothing is left behind.
 */
export type Dial = (signal: AbortSignal) => Promise<Line>;

export interface DialOptions {
  /** Default: mqtt.js. */
  connect?: Connect;
  /** What a registration gives; default: the DeviceSecret of the settings. */
  credentials?: (signal: AbortSignal) => Promise<Credentials>;
}

/** Time for TCP, TLS and CONNACK together. */
export const CONNECT_TIMEOUT_MS = 15_000;

/** How long the cloud keeps messages of a session that is away. */
const SESSION_S = 7 * 24 * 3600;

export function dialFor(
  settings: CheckedSettings,
  options: DialOptions = {},
  bootstrap = bootstrapOf(settings),
): Dial {
  const { connect = connectMqtt, credentials = async () => settings.triple } = options;
  let trust: SecureContext | undefined;
  return async (signal) => {
    const access = await findAccess(settings, { credentials, bootstrap }, signal);
    signal.throwIfAborted();
    if (isSecure(access.endpoint.transport)) trust ??= trustOf(settings);
    const client = connect(access.endpoint.url, {
      keepalive: settings.keepalive,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      // Otherwise it keeps a Buffer for every number of two bytes: 8 MB.
      writeCache: false,
      // Its debug log would show the password in CONNECT.
      log: () => undefined,
      ...access.connect,
      ...protocolOf(settings),
      ...(trust && secured(trust)),
    });
    // Whoever gets it listens for its errors; but it must not take the process down before.
    client.on('error', () => undefined);
    client.once('connect', () => bootstrap?.keep(access.endpoint));
    if (access.kind === 'x509') checkIdentity(client, settings);
    return lineOf(client, access);
  };
}

function lineOf(client: MqttClient, { endpoint: { host }, kind }: Access): Line {
  return { client, host, signIn: kind };
}

function trustOf({ ca, certificate }: CheckedSettings): SecureContext {
  return certificate ? trustWith(certificate, ca) : sharedTrust(ca);
}

/** For TLS itself and for a secure WebSocket, which mqtt.js keeps apart. */
export function secured(secureContext: SecureContext) {
  const options = { secureContext, rejectUnauthorized: true };
  return { ...options, wsOptions: options };
}

/** A session without an expiry ends with the connection in MQTT 5, whatever `clean` says. */
function protocolOf({ mqttVersion, cleanSession }: CheckedSettings): IClientOptions {
  const expiry = mqttVersion === 5 && !cleanSession ? SESSION_S : undefined;
  return {
    protocolVersion: mqttVersion,
    clean: cleanSession,
    ...(expiry && { properties: { sessionExpiryInterval: expiry } }),
  };
}

/** A certificate of another device signs in as that device. */
function checkIdentity(client: MqttClient, { label: device, triple }: CheckedSettings): void {
  client.on('message', (topic, payload) => {
    const other = topic === IDENTITY_TOPIC ? foreignIdentity(payload, triple) : undefined;
    if (other) client.emit('error', new MialinkError('otherIdentity', { device, ...other }));
  });
}
