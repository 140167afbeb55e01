/**
 * Who may have which secret: the products with their own secrets, dynamic registration, certificates, pre-auth.
 *
 *   registered --signs in--> active --`resetActivation`--> may register again
 *
 * Each registration gives a new secret, the last one counts. Source: reference/aliyun.md 1.8, 2.
 */
import { randomBytes } from 'node:crypto';
import type { CloudDevice } from './device';
import {
  type CloudProductDevice,
  type DeviceIdentity,
  hmac,
  type RegistrationRequest,
  type Registry,
} from './sign';

export interface CloudProduct {
  productKey: string;
  productSecret: string;
  /** False: 6288. */
  dynamicRegistration: boolean;
}

/** Of one answer over HTTPS; 200 is success. */
export interface AuthAnswer {
  code: number;
  message: string;
  data: object;
}

/** The devices of the cloud. */
export interface Fleet {
  /** Whatever its standing. */
  find(identity: DeviceIdentity): CloudDevice | null;
  /** A device without a secret; in place of one that was deleted. */
  add(identity: DeviceIdentity): CloudDevice;
}

const MESSAGES = new Map([
  [200, 'success'],
  [460, 'request parameter error'],
  [6100, 'device not found'],
  [6250, 'product not found'],
  [6288, 'dynamic registration of the product is off'],
  [6289, 'the device is active already'],
  [6292, 'the sign method is not known'],
  [6600, 'the signature is wrong'],
]);

export class Registrar implements Registry {
  /** By fingerprint. */
  private readonly certified = new Map<string, DeviceIdentity>();
  /** By iotId. */
  private readonly preAuthorised = new Map<string, DeviceIdentity & { iotToken: string }>();

  constructor(
    private readonly products: CloudProduct[],
    private readonly fleet: Fleet,
  ) {}

  find(username: string): CloudProductDevice | null {
    const [deviceName = '', productKey = ''] = username.split('&');
    return this.usable({ productKey, deviceName })?.triple ?? null;
  }

  findCertified(fingerprint: string): CloudProductDevice | null {
    const identity = this.certified.get(fingerprint);
    return identity ? (this.usable(identity)?.triple ?? null) : null;
  }

  findPreAuth(iotId: string): (DeviceIdentity & { iotToken: string }) | null {
    const known = this.preAuthorised.get(iotId);
    return known && this.usable(known) ? known : null;
  }

  findToken(device: DeviceIdentity): { clientId: string; deviceToken: string } | null {
    return this.fleet.find(device)?.token ?? null;
  }

  /** From now on this certificate is the device's. */
  certify(fingerprint: string, identity: DeviceIdentity): void {
    this.certified.set(fingerprint, identity);
  }

  /** `register`: the device must be known; `regnwl`: it need not be, and gets a token. */
  register(request: RegistrationRequest, kind: 'register' | 'regnwl'): AuthAnswer {
    const code = this.refusal(request, kind);
    if (code !== null) return answer(code);
    const { productKey, deviceName } = request;
    const device = this.known(request) ?? this.fleet.add({ productKey, deviceName });
    const given = kind === 'register' ? device.renewSecret() : device.issueToken();
    return answer(200, { productKey, deviceName, ...given });
  }

  /** The answer to a form over HTTPS, null for a path that is none; `mqtt` is where the broker is said to be. */
  answer(path: string, form: Map<string, string>, mqtt: { host: string; port: number }): AuthAnswer | null {
    const [productKey = '', deviceName = '', random = '', signMethod = '', sign = ''] = [
      'productKey',
      'deviceName',
      'random',
      'signMethod',
      'sign',
    ].map((name) => form.get(name));
    switch (path) {
      case '/auth/register/device':
        return this.register({ productKey, deviceName, random, signMethod, sign }, 'register');
      case '/auth/devicename':
        return this.preAuth({ productKey, deviceName }, form, { mqtt });
      case '/auth/bootstrap':
        return this.bootstrap({ productKey, deviceName }, form, { mqtt });
    }
    return null;
  }

  private bootstrap(identity: DeviceIdentity, form: Map<string, string>, resources: object): AuthAnswer {
    if (!form.get('clientId') || form.get('resources') !== 'mqtt') return answer(460);
    return this.usable(identity) ? answer(200, { resources }) : answer(6100);
  }

  private preAuth(identity: DeviceIdentity, form: Map<string, string>, resources: object): AuthAnswer {
    const { productKey, deviceName } = identity;
    const [clientId, sign, version] = ['clientId', 'sign', 'version'].map((name) => form.get(name));
    if (!clientId || !sign || version !== 'default' || form.get('resources') !== 'mqtt') return answer(460);
    const device = this.usable(identity);
    if (!device) return answer(6100);
    const timestamp = form.get('timestamp');
    const content =
      `clientId${clientId}deviceName${deviceName}productKey${productKey}` +
      (timestamp === undefined ? '' : `timestamp${timestamp}`);
    const expected = hmac(form.get('signmethod') ?? 'hmacmd5', device.triple.deviceSecret, content);
    if (expected === null) return answer(6292);
    if (sign.toLowerCase() !== expected) return answer(6600);
    const iotId = randomBytes(10).toString('hex');
    const iotToken = randomBytes(16).toString('hex');
    this.preAuthorised.set(iotId, { productKey, deviceName, iotToken });
    return answer(200, { iotId, iotToken, resources });
  }

  private refusal(request: RegistrationRequest, kind: 'register' | 'regnwl'): number | null {
    const { productKey, deviceName, random, signMethod, sign } = request;
    if (!productKey || !deviceName || !random || !sign) return 460;
    const product = this.products.find((one) => one.productKey === productKey);
    if (!product) return 6250;
    const content = `deviceName${deviceName}productKey${productKey}random${random}`;
    const expected = hmac(signMethod, product.productSecret, content);
    if (expected === null) return 6292;
    if (sign.toLowerCase() !== expected) return 6600;
    if (!product.dynamicRegistration) return 6288;
    const device = this.known(request);
    if (device ? device.disabled : kind === 'register') return 6100;
    return device?.activated ? 6289 : null;
  }

  /** One that was deleted is none. */
  private known(identity: DeviceIdentity): CloudDevice | null {
    const device = this.fleet.find(identity);
    return device?.standing === 'deleted' ? null : device;
  }

  private usable(identity: DeviceIdentity): CloudDevice | null {
    const device = this.fleet.find(identity);
    return device?.standing === 'enabled' ? device : null;
  }
}

function answer(code: number, data: object = {}): AuthAnswer {
  return { code, message: MESSAGES.get(code) ?? 'system error', data };
}
