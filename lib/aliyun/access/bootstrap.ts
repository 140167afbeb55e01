/**
 * The question which MQTT host is the device's own, so that nobody needs to know its region.
 *
 *   POST https://iot-auth-global.aliyuncs.com/auth/bootstrap      see identity's `bootstrapForm`
 *   {"code":200,"data":{"resources":{"mqtt":{"host":"…","port":1883}}},"message":"success"}
 *
 * The answer serves as long as connecting to it succeeds, and until the cloud wants it to be asked for again:
 *
 *   SYS/thing/bootstrap/notify   {"id":"1","version":"1.0","params":{"cmd":0}}
 *
 * Source: the C SDK 3.2.0 and the C Link SDK 4.1.
 */
import { BOOTSTRAP_HOST, type Endpoint } from '../endpoint';
import { bootstrapForm } from '../identity';
import type { CheckedSettings } from '../settings';
import { askForEndpoint } from './resources';

/** The method of the request by which the cloud wants that. */
export const BOOTSTRAP_NOTICE = 'thing.bootstrap.notify';

export class Bootstrap {
  private proven: Endpoint | undefined;

  constructor(private readonly settings: CheckedSettings) {}

  /** Asks unless the last endpoint has been `keep`t. Rejects as `askForEndpoint` does. */
  async endpoint(signal: AbortSignal): Promise<Endpoint> {
    const { proven, settings } = this;
    this.proven = undefined;
    if (proven) return proven;
    const host = settings.authEndpoint || BOOTSTRAP_HOST;
    const form = bootstrapForm(settings.triple);
    const { endpoint } = await askForEndpoint(`https://${host}/auth/bootstrap`, form, settings, signal);
    return endpoint;
  }

  /** It has served: it is the next answer. */
  keep(endpoint: Endpoint): void {
    this.proven = endpoint;
  }

  forget(): void {
    this.proven = undefined;
  }
}

/** Undefined: the settings name the host. */
export function bootstrapOf(settings: CheckedSettings): Bootstrap | undefined {
  return settings.bootstrap ? new Bootstrap(settings) : undefined;
}
