/** The test of a sign-in, on the simulated cloud: every way in which it goes wrong, and what is then said. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import sinon from 'sinon';
import { type AliyunSettings, checkSettings } from '../../../../lib/aliyun';
import { type Diagnosis, type DiagnosisOptions, diagnose } from '../../../../lib/aliyun/diagnosis';
import { Cloud } from '../../../simulators/cloud';
import { Wire } from '../bench';

const LAMP = {
  productKey: 'a1b2c3d4e5f',
  deviceName: 'lamp-1',
  deviceSecret: '0ddba11c0ffee00decafbad5eedf00d5',
};
const WRONG_SECRET = '11112222333344445555666677778888';

describe('the diagnosis of a sign-in', () => {
  let cloud: Cloud;
  const servers: Server[] = [];
  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [LAMP] });
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close();
    await cloud.close();
  });
  const lamp = () => cloud.device(LAMP.deviceName);

  function run(more: Partial<AliyunSettings> = {}, options: DiagnosisOptions = {}): Promise<Diagnosis> {
    const places = { endpoint: `127.0.0.1:${cloud.tlsPort}`, authEndpoint: `127.0.0.1:${cloud.authPort}` };
    const settings = checkSettings({ ...LAMP, ...places, ca: cloud.ca, ...more });
    return diagnose(settings, { stayMs: 30, ...options });
  }
  async function problemOf(more: Partial<AliyunSettings> = {}, options: DiagnosisOptions = {}) {
    const diagnosis = await run(more, options);
    assert.ok(!diagnosis.ok, 'it signed in');
    const told = JSON.stringify({ ...diagnosis.problem, text: diagnosis.problem.message });
    for (const secret of [LAMP.deviceSecret, WRONG_SECRET]) assert.ok(!told.includes(secret));
    return diagnosis.problem;
  }
  async function listen(): Promise<number> {
    const server = createServer((socket) => socket.resume().on('error', () => undefined)).listen(
      0,
      '127.0.0.1',
    );
    servers.push(server);
    await once(server, 'listening');
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  it('says to where and how fast it has signed in, and leaves no connection open', async () => {
    const diagnosis = await run();
    assert.ok(diagnosis.ok);
    assert.equal(diagnosis.host, '127.0.0.1');
    assert.ok(diagnosis.ms > 0 && diagnosis.ms < 5_000);
    assert.equal(lamp().connects, 1);
    if (lamp().online) await once(lamp(), 'offline');
    assert.deepEqual(cloud.auth.requests, [], 'nobody else was asked');
  });

  for (const transport of ['tcp', 'ws', 'wss'] as const) {
    it(`signs in over ${transport}`, async () => {
      const port = { tcp: cloud.tcpPort, ws: cloud.wsPort, wss: cloud.wssPort }[transport];
      assert.ok((await run({ transport, endpoint: `127.0.0.1:${port}` })).ok);
    });
  }

  it('signs in by a client certificate', async () => {
    const { cert, key } = await cloud.issueCertificate(LAMP.deviceName);
    const endpoint = `127.0.0.1:${cloud.x509Port}`;
    assert.ok((await run({ signIn: 'x509', clientCert: cert, clientKey: key, endpoint })).ok);
  });

  it('signs in with what a registration gives', async () => {
    const { deviceSecret } = LAMP;
    assert.ok(
      (await run({ deviceSecret: WRONG_SECRET }, { credentials: async () => ({ deviceSecret }) })).ok,
    );
  });

  it('blames a wrong DeviceSecret', async () => {
    const problem = await problemOf({ deviceSecret: WRONG_SECRET });
    assert.equal(problem.code, 'AUTH');
    assert.match(problem.message, /lamp-1 .*DeviceSecret is wrong \(6600 .*copy it again/);
  });

  for (const [what, code, reason, text] of [
    ['a device that is disabled', 6204, 'deviceDisabled', /lamp-1 .*is disabled.*enable it/],
    ['a device that the product has not', 6100, 'authRefused', /no device of this name \(6100 .*DeviceName/],
    [
      'a product that is none',
      6250,
      'authRefused',
      /does not know the product \(6250 .*ProductKey, and the region/,
    ],
    ['a signature', 6287, 'authRefused', /DeviceSecret is wrong \(6287/],
    ['what it has no words for', 6999, 'authRefused', /refused it: 6999 refused; check ProductKey/],
  ] as const) {
    it(`blames ${what}, as the sign-in service says`, async () => {
      cloud.knobs.refuse = 4;
      cloud.auth.code = code;
      const problem = await problemOf();
      assert.equal(problem.reason, reason);
      assert.equal(problem.code, 'AUTH');
      assert.match(problem.message, text);
    });
  }

  it('blames the instance where the names and the secret are right', async () => {
    cloud.knobs.refuse = 5;
    const problem = await problemOf();
    assert.match(
      problem.message,
      /refused the sign-in of lamp-1 .*CONNACK 5.*though .* are right; check that region/,
    );
  });

  it('says what it may be where the sign-in service cannot be asked', async () => {
    const problem = await problemOf({ deviceSecret: WRONG_SECRET, authEndpoint: '127.0.0.1:1' });
    assert.equal(problem.reason, 'signInRefused');
    assert.match(
      problem.message,
      /CONNACK 4.*check ProductKey, DeviceName and DeviceSecret, and that .* not disabled/,
    );
  });

  it('asks no public service about a device of a private platform', async () => {
    const lookup = sinon.stub(dns, 'lookup').throws(new Error('no name is looked up'));
    try {
      const problem = await problemOf({ deviceSecret: WRONG_SECRET, authEndpoint: '' });
      assert.equal(problem.reason, 'signInRefused');
      assert.equal(lookup.callCount, 0);
    } finally {
      lookup.restore();
    }
  });

  it('blames the registration of a device that was reset meanwhile', async () => {
    const registered = { deviceSecret: '', registration: 'https', productSecret: 'ps' } as const;
    const credentials = async () => ({ deviceSecret: WRONG_SECRET });
    const problem = await problemOf(registered, { credentials });
    assert.equal(problem.reason, 'authRefused');
    assert.match(problem.message, /registration is not valid any more \(6600 .*Forget the registration/);
  });

  it('blames the secret of a pre-authentication', async () => {
    const problem = await problemOf({ signIn: 'preauth', deviceSecret: WRONG_SECRET });
    assert.match(problem.message, /DeviceSecret is wrong/);
  });

  it('blames another client that throws it out', async () => {
    lamp().once('online', () => lamp().kick());
    const problem = await problemOf({}, { stayMs: 5_000 });
    assert.equal(problem.reason, 'sessionTaken');
    assert.match(problem.message, /lamp-1 .*signed in, and was disconnected at once: another client/);
  });

  it('blames a root certificate that is not trusted', async () => {
    assert.match((await problemOf({ ca: '' })).message, /enter in the field CA the root certificate/);
  });

  it('blames a host name that is not in the certificate', async () => {
    const wire = await Wire.to(cloud.tlsPort, '127.0.0.2');
    try {
      const problem = await problemOf({ endpoint: `127.0.0.2:${wire.port}` });
      assert.match(
        problem.message,
        /answered for 127\.0\.0\.2 has the certificate of another host.*check the endpoint/,
      );
    } finally {
      await wire.close();
    }
  });

  it('blames a closed port', async () => {
    const problem = await problemOf({ endpoint: '127.0.0.1:1' });
    assert.equal(problem.code, 'TRANSPORT');
    assert.match(problem.message, /nobody at 127\.0\.0\.1 listens on port 1,/);
  });

  it('blames a transport that does not belong to the port', async () => {
    const problem = await problemOf({ endpoint: `127.0.0.1:${cloud.tcpPort}` });
    assert.match(problem.message, /broke off.*something else than tls/);
  });

  it('blames the platform where it is not available', async () => {
    cloud.knobs.refuse = 3;
    assert.match((await problemOf()).message, /is not available for lamp-1 .*CONNACK 3/);
  });

  it('ends by the signal of its caller, wherever it is, and never rejects', async () => {
    const port = await listen();
    const end = new AbortController();
    const pending = problemOf({ endpoint: `127.0.0.1:${port}` }, { signal: end.signal });
    setTimeout(() => end.abort(), 50);
    assert.equal((await pending).reason, 'aborted');
    assert.equal((await problemOf({}, { signal: end.signal })).reason, 'aborted');
    assert.equal(lamp().connects, 0);
  });
});
