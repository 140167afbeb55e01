import assert from 'node:assert/strict';
import type { SignMethod } from '../../../../lib/aliyun/identity';
import { registerForm, registerSignIn } from '../../../../lib/aliyun/registration/register-sign';
import { vectors } from '../../../vectors/aliyun.json';

const forms = vectors.filter(({ kind }) => kind === 'dynreg-sign');
const connects = vectors.filter(({ kind }) => kind === 'mqtt-dynreg');

function applicantOf({ productKey = '', deviceName = '', productSecret = '', signMethod = '' }) {
  return { identity: { productKey, deviceName }, productSecret, signMethod: signMethodOf(signMethod) };
}

function signMethodOf(method: string): SignMethod {
  if (method === 'hmacsha256' || method === 'hmacsha1' || method === 'hmacmd5') return method;
  throw new Error(`unknown method ${method}`);
}

function keysOf(clientId: string): { start: string; keys: string[] } {
  const [start = '', keys = '', rest] = clientId.split('|');
  assert.equal(rest, '', 'a clientId ends with a bar');
  return { start, keys: keys.split(',').sort() };
}

const applicant = applicantOf({
  productKey: 'pk',
  deviceName: 'device',
  productSecret: 'psecret',
  signMethod: 'hmacsha1',
});

const keysFor = (form: Parameters<typeof registerSignIn>[1]) =>
  keysOf(registerSignIn(applicant, form, 'r1').clientId).keys;

describe('the signature of a registration', () => {
  it('has vectors to be checked with', () => assert.deepEqual([forms.length, connects.length], [5, 1]));

  for (const { name, input, sign = '', httpBody } of forms) {
    it(`is the one of ${name}`, () => {
      const form = registerForm(applicantOf(input), input.random ?? '');
      assert.equal(form.sign, sign.toLowerCase());
      if (httpBody === undefined) return;
      const body = new URLSearchParams(httpBody.replace(sign, sign.toLowerCase()));
      assert.deepEqual(form, Object.fromEntries(body));
    });
  }

  for (const { name, input, clientId = '', username, password } of connects) {
    it(`is the one of ${name}`, () => {
      const mine = registerSignIn(applicantOf(input), { preregistered: true }, input.random ?? '');
      assert.deepEqual(keysOf(mine.clientId), keysOf(clientId ?? ''));
      assert.equal(mine.username, username);
      assert.equal(mine.password, password?.toLowerCase());
    });
  }

  it('is the same in the form and in CONNECT', () => {
    const { password } = registerSignIn(applicant, { preregistered: true }, 'r1');
    assert.equal(registerForm(applicant, 'r1').sign, password);
  });
});

describe('the clientId of a registration', () => {
  const common = ['random=r1', 'signmethod=hmacsha1'];
  const sorted = (...keys: string[]) => [...common, ...keys].sort();

  it('says secure mode 2 at the old public instance', () => {
    const keys = sorted('authType=register', 'securemode=2');
    assert.deepEqual(keysFor({ preregistered: true }), keys);
    assert.deepEqual(keysFor({ preregistered: true, instanceId: '' }), keys);
  });

  it('says secure mode -2 and the instance at the others', () => {
    assert.deepEqual(
      keysFor({ preregistered: true, instanceId: 'iot-1' }),
      sorted('authType=register', 'securemode=-2', 'instanceId=iot-1'),
    );
  });

  it('says regnwl and secure mode -2 where the name is not registered beforehand', () => {
    const keys = ['authType=regnwl', 'securemode=-2'];
    assert.deepEqual(keysFor({ preregistered: false }), sorted(...keys));
    assert.deepEqual(
      keysFor({ preregistered: false, instanceId: 'iot-1' }),
      sorted(...keys, 'instanceId=iot-1'),
    );
  });
});
