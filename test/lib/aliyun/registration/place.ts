/** A registration for a registrar that may live in another process. */
import { connect } from 'mqtt';
import { endpointOf, type Transport } from '../../../../lib/aliyun/endpoint';
import { Registration, type RegistrationOptions } from '../../../../lib/aliyun/registration';
import { lamp, productSecret } from './lamp';

/** What a registration must know of the registrar and of where it may write. */
export interface Place {
  directory: string;
  ca: string;
  httpsPort: number;
  mqttPort: number;
}

/** The lamp's, by HTTPS unless told otherwise. */
export function registrationAt(place: Place, options: Partial<RegistrationOptions> = {}): Registration {
  return new Registration({
    label: `${lamp.deviceName} (${lamp.productKey})`,
    identity: lamp,
    productSecret,
    method: 'https',
    signMethod: 'hmacsha256',
    directory: place.directory,
    authEndpoint: `127.0.0.1:${place.httpsPort}`,
    endpoint: endpointAt(place.mqttPort),
    ca: [place.ca],
    connect,
    ...options,
  });
}

export function endpointAt(port: number, transport: Transport = 'tls') {
  const endpoint = endpointOf({ productKey: lamp.productKey, endpoint: `127.0.0.1:${port}`, transport });
  if (!endpoint) throw new Error('no endpoint');
  return endpoint;
}
