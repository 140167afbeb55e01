/**
 * Where a device connects to (pure).
 *
 *   public instance, old    ${productKey}.iot-as-mqtt.${region}.aliyuncs.com
 *   any other instance      ${instanceId}.mqtt.iothub.aliyuncs.com
 *   by X.509                x509.itls.cn-shanghai.aliyuncs.com
 *   given                   host[:port]
 *   port                    tls, tcp: 1883 (both on the same one) · wss, ws: 443, path /mqtt
 *   sign-in services        iot-auth.${region}.aliyuncs.com · bootstrap: iot-auth-global.aliyuncs.com
 *
 * Source: Alibaba Cloud IoT Platform, "View the endpoint of an instance", "Regions", "Use X.509 certificates"; the
 * hosts of the C SDK 3.2.0.
 */
import { isIP } from 'node:net';

export type Transport = 'tls' | 'tcp' | 'wss' | 'ws';

/** Known regions, for a choice; any other text is taken as well. */
export const REGIONS: readonly string[] = [
  'cn-shanghai',
  'ap-southeast-1',
  'ap-northeast-1',
  'us-west-1',
  'us-east-1',
  'eu-central-1',
  // Enterprise instances only.
  'cn-beijing',
  'cn-shenzhen',
];

export const DEFAULT_REGION = 'cn-shanghai';

export interface EndpointSettings {
  productKey: string;
  /** Default `cn-shanghai`; not used together with an instance id. */
  region?: string;
  /** Such as `iot-06z00abcde`; blank: the old public instance. */
  instanceId?: string;
  /** `host[:port]`; goes before what would be computed. An IPv6 address stands in brackets. */
  endpoint?: string;
  /** Default `tls`. */
  transport?: Transport;
  /** Signs in with a client certificate, which the platform takes on one host for all; default false. */
  x509?: boolean;
}

export interface Endpoint {
  url: string;
  /** Without brackets. */
  host: string;
  port: number;
  transport: Transport;
}

const X509_HOST = 'x509.itls.cn-shanghai.aliyuncs.com';

const SCHEMES: Record<Transport, { protocol: string; port: number; path: string; secure: boolean }> = {
  tls: { protocol: 'mqtts', port: 1883, path: '', secure: true },
  tcp: { protocol: 'mqtt', port: 1883, path: '', secure: false },
  wss: { protocol: 'wss', port: 443, path: '/mqtt', secure: true },
  ws: { protocol: 'ws', port: 443, path: '/mqtt', secure: false },
};

export const TRANSPORTS: readonly string[] = Object.keys(SCHEMES);

export function isSecure(transport: Transport): boolean {
  return SCHEMES[transport].secure;
}

/** Undefined when `endpoint` is not `host[:port]`. */
export function endpointOf(settings: EndpointSettings): Endpoint | undefined {
  const { endpoint, transport = 'tls' } = settings;
  const place = placeOf(endpoint || computedHost(settings));
  return place && endpointAt(place.host, place.port, transport);
}

/** `host` without brackets; `given` undefined: the usual port of the transport. */
export function endpointAt(host: string, given: number | undefined, transport: Transport): Endpoint {
  const { protocol, path, port: usual } = SCHEMES[transport];
  const port = given ?? usual;
  const written = host.includes(':') ? `[${host}]` : host;
  return { url: `${protocol}://${written}:${port}${path}`, host, port, transport };
}

/** What `host[:port]` says, the host without brackets; undefined when it is not that. */
export function placeOf(text: string): { host: string; port: number | undefined } | undefined {
  const [, written = '', digits] = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = written.replace(/^\[|\]$/g, '');
  if (!(host === written ? isName(host) : isIP(host) === 6)) return undefined;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return { host, port };
}

/** What ends in a number is an address, as in a URL, and no name. */
function isName(host: string): boolean {
  if (/(^|\.)\d+\.?$/.test(host)) return isIP(host) === 4;
  return /^[\w-]+(\.[\w-]+)*\.?$/.test(host);
}

function computedHost({ productKey, region = DEFAULT_REGION, instanceId, x509 }: EndpointSettings): string {
  if (x509) return X509_HOST;
  if (instanceId) return `${instanceId}.mqtt.iothub.aliyuncs.com`;
  return `${productKey}.iot-as-mqtt.${region}.aliyuncs.com`;
}

/** Where a device is asked for by HTTPS, for pre-authentication and registration. */
export function authHost(region: string): string {
  return `iot-auth.${region}.aliyuncs.com`;
}

/** Where a device asks which MQTT host is its own. */
export const BOOTSTRAP_HOST = 'iot-auth-global.aliyuncs.com';
