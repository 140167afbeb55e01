/** Registration by HTTPS, on a registrar of its own. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import sinon from 'sinon';
import { Bench, problemOf, toldBy } from './bench';
import { productSecret } from './lamp';

/** What a user is told to do about each code. */
const REMEDIES: Record<number, RegExp> = {
  6289: /activated already.*enter the DeviceSecret.*owner to reset/,
  6288: /dynamic registration is switched off.*switch it on/,
  6600: /signature.*check the ProductSecret/,
  6250: /does not know the product.*check the ProductKey/,
  6100: /no device of this name.*add the DeviceName/,
  6292: /sign method.*choose hmacsha256/,
  460: /parameter.*check ProductKey and DeviceName/,
  6999: /refused the registration.*check ProductKey, DeviceName and ProductSecret/,
};

describe('a registration by HTTPS', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
  });

  for (const signMethod of ['hmacsha256', 'hmacsha1', 'hmacmd5'] as const) {
    it(`gets the secret, signed with ${signMethod}`, async () => {
      const credentials = await bench.registration({ signMethod }).credentials();
      assert.deepEqual(credentials, { deviceSecret: 'topsecret-1' });
    });
  }

  for (const [code, remedy] of Object.entries(REMEDIES)) {
    it(`that is refused with ${code} says what to do, in words and with the code`, async () => {
      bench.registrar.refusal = { code: Number(code), message: 'as it says' };
      const problem = await problemOf(bench.registration().credentials());
      assert.deepEqual([problem.reason, problem.code], ['registrationRefused', 'AUTH']);
      assert.deepEqual(problem.peer, { code: Number(code), message: 'as it says' });
      assert.match(problem.message, remedy);
      assert.match(problem.message, new RegExp(`lamp:1@home.*${code} as it says`));
      assert.deepEqual(await bench.files(), []);
    });
  }

  for (const code of [429, 500, 503]) {
    it(`that is answered ${code} is no refusal: it is tried again`, async () => {
      bench.registrar.refusal = { code, message: 'as it says' };
      const problem = await problemOf(bench.registration().credentials());
      assert.deepEqual([problem.reason, problem.code], ['authUnreachable', 'TRANSPORT']);
      assert.deepEqual(problem.peer, { code, message: 'as it says' });
      assert.match(
        problem.message,
        new RegExp(`127.0.0.1.*just now: ${code} as it says; this is tried again`),
      );
    });
  }

  it('of a device that is disabled says so', async () => {
    bench.registrar.refusal = { code: 6204, message: 'disabled' };
    const problem = await problemOf(bench.registration().credentials());
    assert.deepEqual([problem.reason, problem.code], ['deviceDisabled', 'AUTH']);
  });

  it('that is refused shows no secret', async () => {
    const problem = await problemOf(bench.registration({ productSecret: 'wrong-secret' }).credentials());
    assert.equal(problem.peer?.code, 6600);
    assert.doesNotMatch(toldBy(problem), new RegExp(`wrong-secret|${productSecret}`));
  });

  it('does not repeat an endless message of the cloud', async () => {
    bench.registrar.refusal = { code: 6999, message: 'x'.repeat(5000) };
    const problem = await problemOf(bench.registration().credentials());
    assert.ok(problem.message.length < 500);
  });

  const useless: Record<string, unknown> = {
    'no secret': {},
    'the secret of another device': { deviceName: 'other', deviceSecret: 'topsecret-x' },
    'a secret that is no text': { deviceSecret: 7 },
    'an endless secret': { deviceSecret: 's'.repeat(3000) },
  };
  for (const [what, data] of Object.entries(useless)) {
    it(`refuses an answer with ${what}`, async () => {
      Object.assign(bench.registrar, { refusal: { code: 200, message: 'success', data } });
      const problem = await problemOf(bench.registration().credentials());
      assert.deepEqual([problem.reason, problem.code], ['registrationMalformed', 'CODEC']);
      assert.doesNotMatch(toldBy(problem), /topsecret|sss/);
      assert.deepEqual(await bench.files(), []);
    });
  }

  it('trusts no certificate of an unknown authority', async () => {
    const problem = await problemOf(bench.registration({ ca: [] }).credentials());
    assert.equal(problem.code, 'TRANSPORT');
    assert.equal(bench.registrar.asked, 0);
  });

  for (const [region, host] of [
    ['ap-southeast-1', 'iot-auth.ap-southeast-1.aliyuncs.com'],
    [undefined, 'iot-auth.cn-shanghai.aliyuncs.com'],
  ]) {
    it(`asks ${host} in ${region ?? 'the default region'}`, async () => {
      const asked: string[] = [];
      sinon.stub(dns, 'lookup').callsFake(((name: string, _options: object, done: (e: Error) => void) => {
        asked.push(name);
        done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
      }) as typeof dns.lookup);
      const problem = await problemOf(bench.registration({ region, authEndpoint: '' }).credentials());
      assert.equal(problem.code, 'TRANSPORT');
      assert.deepEqual([...new Set(asked)], [host]);
    });
  }

  it('ends at once when it is aborted', async () => {
    const end = new AbortController();
    bench.registrar.beforeAnswer = () => end.abort();
    const problem = await problemOf(bench.registration().credentials(end.signal));
    assert.deepEqual([problem.reason, problem.code], ['aborted', 'CANCELLED']);
  });
});
