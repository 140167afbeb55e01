/** Secrets from the simulated cloud: registration over HTTPS and MQTT, pre-auth, bootstrap. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { IClientOptions } from 'mqtt';
import { anyMessage, EXAMPLE, hmac, LAMP, postForm, seen, useCloud } from './cloud-clients';

const PRODUCTS = [
  { productKey: 'a1lamp', productSecret: 'psecret', dynamicRegistration: true },
  { productKey: 'pk', productSecret: 'psecret', dynamicRegistration: true },
  { productKey: 'off', productSecret: 'psecret', dynamicRegistration: false },
];
const OFF = { productKey: 'off', deviceName: 'a', deviceSecret: '' };
const REGISTER = '/auth/register/device';

interface Vector {
  kind: string;
  name: string;
  clientId: string;
  username: string;
  password: string;
  httpBody?: string;
}

const { vectors }: { vectors: Vector[] } = JSON.parse(
  readFileSync(path.join(__dirname, '../../vectors/aliyun.json'), 'utf8'),
);

function form(more: Record<string, string> = {}): Record<string, string> {
  const fields = {
    productKey: 'a1lamp',
    deviceName: 'lamp-1',
    random: '5',
    signMethod: 'hmacsha256',
    ...more,
  };
  const content = `deviceName${fields.deviceName}productKey${fields.productKey}random${fields.random}`;
  return { sign: hmac('psecret', content), ...fields };
}

describe('a registration at the simulated cloud over HTTPS', () => {
  const run = useCloud({ products: PRODUCTS, devices: [EXAMPLE, LAMP, OFF] });
  const register = async (more?: Record<string, string>) =>
    (await postForm(run.cloud, REGISTER, form(more))).body;

  const password = (deviceSecret: string) =>
    hmac(deviceSecret, 'clientIdcid9deviceNamelamp-1productKeya1lamp');

  it('gives a secret that signs in, and no other any more', async () => {
    const { code, message, data } = await register();
    assert.deepEqual([code, message, data.productKey, data.deviceName], [200, 'success', 'a1lamp', 'lamp-1']);
    assert.match(data.deviceSecret, /^\w{32}$/);
    assert.equal(await run.clients.connack(), 4);
    assert.equal(await run.clients.connack({ password: password(data.deviceSecret) }), 0);
  });

  it('may be repeated until the device has connected; the last secret counts', async () => {
    const first = await register();
    const second = await register();
    assert.notEqual(first.data.deviceSecret, second.data.deviceSecret);
    assert.equal(await run.clients.connack({ password: password(first.data.deviceSecret) }), 4);
    assert.equal(await run.clients.connack({ password: password(second.data.deviceSecret) }), 0);
    const { code, data } = await register();
    assert.deepEqual([code, data], [6289, {}]);
    run.lamp.resetActivation();
    assert.equal((await register()).code, 200);
  });

  const refusals: [number, string, Record<string, string>][] = [
    [460, 'nothing random', { random: '' }],
    [6250, 'an unknown product', { productKey: 'other' }],
    [6292, 'an unknown sign method', { signMethod: 'sha256' }],
    [6600, 'a wrong signature', { sign: 'ff' }],
    [6288, 'a product where it is off', { productKey: 'off', deviceName: 'a' }],
    [6100, 'a device that is not known', { deviceName: 'lamp-2' }],
  ];
  for (const [code, what, more] of refusals) {
    it(`answers ${code} to ${what}`, async () => {
      const answer = await register(more);
      assert.deepEqual([answer.code, answer.data], [code, {}]);
      assert.notEqual(answer.message, '');
    });
  }

  for (const vector of vectors.filter(({ kind, httpBody }) => kind === 'dynreg-sign' && httpBody)) {
    it(`accepts the vector ${vector.name}`, async () => {
      const fields = Object.fromEntries(new URLSearchParams(vector.httpBody));
      const { body } = await postForm(run.cloud, REGISTER, { signMethod: 'hmacsha256', ...fields });
      assert.equal(body.code, 200);
    });
  }

  it('is kept without secrets, and refused with the code that the test wants', async () => {
    run.cloud.auth.code = 500;
    assert.equal((await register()).code, 500);
    const [kept] = run.cloud.auth.requests;
    assert.deepEqual(kept, { path: REGISTER, fields: form() });
  });

  it('is a form, posted to a path that is there', async () => {
    assert.equal((await postForm(run.cloud, REGISTER, form(), 'application/json')).status, 415);
    assert.equal((await postForm(run.cloud, '/auth/other', form())).status, 404);
  });
});

describe('a registration at the simulated cloud over MQTT', () => {
  const run = useCloud({ products: PRODUCTS, devices: [EXAMPLE, LAMP, OFF] });

  function registrant(
    kind: string,
    deviceName = 'lamp-1',
    more = 'securemode=2',
    productKey = 'a1lamp',
  ): IClientOptions {
    return {
      clientId: `cid9|${more},authType=${kind},random=5,signmethod=hmacsha256|`,
      username: `${deviceName}&${productKey}`,
      password: hmac('psecret', `deviceName${deviceName}productKey${productKey}random5`),
      keepalive: 0,
    };
  }

  for (const more of ['securemode=2', 'securemode=-2,instanceId=iot-1']) {
    it(`pushes the secret without SUBSCRIBE (${more})`, async () => {
      const client = run.clients.dial(registrant('register', 'lamp-1', more));
      const { topic, payload } = await anyMessage(client);
      const { deviceSecret, ...names } = JSON.parse(payload.toString());
      assert.deepEqual([topic, names], ['/ext/register', { productKey: 'a1lamp', deviceName: 'lamp-1' }]);
      assert.equal(run.lamp.triple.deviceSecret, deviceSecret);
      assert.equal(run.lamp.online, false);
      await assert.rejects(client.subscribeAsync('/sys/a1lamp/lamp-1/#'));
      const closed = seen(client, 'close');
      client.publish('/sys/a1lamp/lamp-1/thing/x', '{}');
      await closed;
    });
  }

  it('pushes a token to a device that nobody registered, and the token signs in', async () => {
    const client = run.clients.dial(registrant('regnwl', 'lamp-9', 'securemode=-2'));
    const { topic, payload } = await anyMessage(client);
    const { clientId, deviceToken, ...names } = JSON.parse(payload.toString());
    assert.deepEqual([topic, names], ['/ext/regnwl', { productKey: 'a1lamp', deviceName: 'lamp-9' }]);
    const options = {
      clientId: `${clientId}|securemode=-2,authType=connwl|`,
      username: 'lamp-9&a1lamp',
      password: deviceToken,
    };
    assert.equal(await run.clients.connack({ ...options, password: deviceToken.toUpperCase() }), 4);
    assert.equal(await run.clients.connack({ ...options, clientId: 'x|securemode=-2,authType=connwl|' }), 4);
    assert.equal(await run.clients.connack(options, true), 2);
    assert.equal(await run.clients.connack(options), 0);
    assert.equal(run.cloud.device('lamp-9').activated, true);
  });

  it('accepts the vector', async () => {
    const vector = vectors.find(({ kind }) => kind === 'mqtt-dynreg');
    assert.ok(vector);
    const { clientId, username, password } = vector;
    assert.equal(await run.clients.connack({ clientId, username, password }), 0);
  });

  it('is refused with 4 or 5, and 2 where it is malformed', async () => {
    const { connack } = run.clients;
    const code = (options: IClientOptions, tcp = false) => connack.call(run.clients, options, tcp);
    assert.equal(await code({ ...registrant('register'), password: 'ff' }), 4);
    assert.equal(await code(registrant('register', 'lamp-2')), 4);
    assert.equal(await code(registrant('register', 'a', 'securemode=2', 'off')), 5);
    assert.equal(await code(registrant('register', 'lamp-1', 'securemode=-2')), 2);
    assert.equal(await code(registrant('regnwl', 'lamp-1', 'securemode=2')), 2);
    assert.equal(await code(registrant('other')), 2);
    assert.equal(await code(registrant('register'), true), 2);
    assert.equal(await run.clients.connack(), 0);
    assert.equal(await code(registrant('register')), 5);
  });
});

describe('pre-auth and bootstrap at the simulated cloud', () => {
  const run = useCloud();
  const names = { productKey: 'a1lamp', deviceName: 'lamp-1', clientId: 'cid9', resources: 'mqtt' };
  const content = 'clientIdcid9deviceNamelamp-1productKeya1lamptimestamp7';
  const signed = {
    ...names,
    version: 'default',
    timestamp: '7',
    signmethod: 'hmacsha256',
    sign: hmac(LAMP.deviceSecret, content),
  };
  const preAuth = async (more: object = {}) =>
    (await postForm(run.cloud, '/auth/devicename', { ...signed, ...more })).body;

  it('give a name and a token that sign in at the place they tell', async () => {
    const { code, data } = await preAuth();
    assert.deepEqual([code, data.resources], [200, { mqtt: { host: '127.0.0.1', port: run.cloud.tlsPort } }]);
    const options = { clientId: 'cid9|securemode=-1|', username: data.iotId, password: data.iotToken };
    assert.equal(await run.clients.connack({ ...options, password: 'other' }), 4);
    assert.equal(await run.clients.connack({ ...options, clientId: 'cid9|securemode=2|' }), 2);
    assert.equal(await run.clients.connack(options), 0);
    assert.equal(run.lamp.connects, 1);
    assert.equal(await run.clients.connack({ ...options, clientId: 'cid9|securemode=0|' }, true), 0);
  });

  it('are refused with the same codes', async () => {
    assert.equal((await preAuth({ sign: 'ff' })).code, 6600);
    assert.equal((await preAuth({ signmethod: 'sha1' })).code, 6292);
    assert.equal((await preAuth({ deviceName: 'lamp-2' })).code, 6100);
    assert.equal((await preAuth({ clientId: '' })).code, 460);
    assert.equal((await preAuth({ resources: 'coap' })).code, 460);
    assert.equal((await preAuth({ timestamp: '8' })).code, 6600);
  });

  it('tell where the broker is, without a signature', async () => {
    const ask = async (more: object) =>
      (await postForm(run.cloud, '/auth/bootstrap', { ...names, ...more })).body;
    const { code, data } = await ask({});
    assert.deepEqual(
      [code, data],
      [200, { resources: { mqtt: { host: '127.0.0.1', port: run.cloud.tlsPort } } }],
    );
    assert.equal((await ask({ deviceName: 'lamp-2' })).code, 6100);
    assert.equal((await ask({ resources: '' })).code, 460);
  });
});
