/**
 * Where a device connects to (pure).
 *
 *   public instance, old    ${productKey}.iot-as-mqtt.${region}.aliyuncs.com
 *   any other instance      ${instanceId}.mqtt.iothub.aliyuncs.com
 *   given                   host[:port]
 *   port                    tls, tcp: 1883 (both on the same one) · wss, ws: 443, path /mqtt
 *
 * Source: Alibaba Cloud IoT Platform, "View the endpoint of an instance".
 */
export type Transport = 'tls' | 'tcp' | 'wss' | 'ws';

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
}

export interface Endpoint {
  url: string;
  /** Without brackets. */
  host: string;
  port: number;
  transport: Transport;
}

const SCHEMES: Record<Transport, { protocol: string; port: number; path: string }> = {
  tls: { protocol: 'mqtts', port: 1883, path: '' },
  tcp: { protocol: 'mqtt', port: 1883, path: '' },
  wss: { protocol: 'wss', port: 443, path: '/mqtt' },
  ws: { protocol: 'ws', port: 443, path: '/mqtt' },
};

export const TRANSPORTS: readonly string[] = Object.keys(SCHEMES);

/** Undefined when `endpoint` is not `host[:port]`. */
export function endpointOf(settings: EndpointSettings): Endpoint | undefined {
  const { productKey, region = 'cn-shanghai', instanceId, endpoint, transport = 'tls' } = settings;
  const computed = instanceId
    ? `${instanceId}.mqtt.iothub.aliyuncs.com`
    : `${productKey}.iot-as-mqtt.${region}.aliyuncs.com`;
  const match = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(endpoint || computed);
  const written = match?.[1];
  const scheme = SCHEMES[transport];
  const port = Number(match?.[2] ?? scheme.port);
  if (!written || port < 1 || port > 65_535) return undefined;
  return {
    url: `${scheme.protocol}://${written}:${port}${scheme.path}`,
    host: written.replace(/^\[|\]$/g, ''),
    port,
    transport,
  };
}
