/**
 * How a device asks for its secret: signed with the secret of its product (pure).
 *
 *   sign            hex HMAC(productSecret, "deviceName…productKey…random…")
 *   HTTPS, a form   productKey, deviceName, random, sign, signMethod
 *   MQTT CONNECT    clientId  ${productKey}.${deviceName}|securemode=…,authType=…,random=…,signmethod=…[,instanceId=…]|
 *                   username  ${deviceName}&${productKey}
 *                   password  sign
 *   authType        register: the DeviceName is known to the product; regnwl: it is not yet
 *   securemode      2 with register at the old public instance, otherwise -2
 *
 * The form writes `signMethod`, the clientId `signmethod`.
 * Source: Alibaba Cloud IoT Platform, "HTTPS-based" and "MQTT-based dynamic registration"; checked with the vectors of
 * the official SDKs.
 */
import { hmacHex, type Identity, type SignIn, type SignMethod } from '../identity';

/** Who asks, and with what. */
export interface Applicant {
  identity: Identity;
  productSecret: string;
  signMethod: SignMethod;
}

export interface MqttForm {
  /** Whether the DeviceName was added to the product beforehand. */
  preregistered: boolean;
  /** Blank or none: the old public instance. */
  instanceId?: string;
}

/** `random` is any text, another one each time. */
export function registerForm(applicant: Applicant, random: string): Record<string, string> {
  const { identity, signMethod } = applicant;
  const { productKey, deviceName } = identity;
  return { productKey, deviceName, random, sign: signOf(applicant, random), signMethod };
}

/** What CONNECT says; `random` as in `registerForm`. */
export function registerSignIn(applicant: Applicant, form: MqttForm, random: string): SignIn {
  const { identity, signMethod } = applicant;
  const { preregistered, instanceId } = form;
  const { productKey, deviceName } = identity;
  const keys = [
    `securemode=${preregistered && !instanceId ? 2 : -2}`,
    `authType=${preregistered ? 'register' : 'regnwl'}`,
    `random=${random}`,
    `signmethod=${signMethod}`,
    ...(instanceId ? [`instanceId=${instanceId}`] : []),
  ];
  return {
    clientId: `${productKey}.${deviceName}|${keys.join(',')}|`,
    username: `${deviceName}&${productKey}`,
    password: signOf(applicant, random),
  };
}

function signOf({ identity, productSecret, signMethod }: Applicant, random: string): string {
  const { productKey, deviceName } = identity;
  return hmacHex(signMethod, productSecret, { deviceName, productKey, random });
}
