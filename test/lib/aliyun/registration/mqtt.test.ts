/** Registration by MQTT, on a registrar behind real TLS. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { createServer } from 'node:net';
import sinon from 'sinon';
import { Bench, problemOf, toldBy } from './bench';
import { productSecret } from './lamp';
import { endpointAt } from './place';

describe('a registration by MQTT', () => {
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
      const credentials = await bench.registration({ method: 'mqtt', signMethod }).credentials();
      assert.deepEqual(credentials, { deviceSecret: 'topsecret-1' });
    });
  }

  it('gets the secret at an instance with an id', async () => {
    bench.registrar.instanceId = 'iot-06z00abcde';
    const credentials = await bench
      .registration({ method: 'mqtt', instanceId: 'iot-06z00abcde' })
      .credentials();
    assert.deepEqual(credentials, { deviceSecret: 'topsecret-1' });
  });

  it('gets a token for a device that was not registered beforehand', async () => {
    const credentials = await bench.registration({ method: 'mqtt-unregistered' }).credentials();
    assert.deepEqual(credentials, { clientId: 'given-1', deviceToken: 'topsecret-1' });
  });

  it('has left the registrar when it is done, and the signal too', async () => {
    const { signal } = new AbortController();
    await bench.registration({ method: 'mqtt' }).credentials(signal);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
    const [client] = bench.clients;
    assert.ok(client?.stream.destroyed);
    assert.equal(bench.clients.length, 1);
  });

  it('says something else each time', async () => {
    for (const round of [1, 2]) {
      await bench.registration({ method: 'mqtt' }).forget();
      await bench.registration({ method: 'mqtt' }).credentials();
      assert.equal(new Set(bench.registrar.clientIds).size, round);
    }
  });

  it('that is refused says what to check, with the code of the cloud', async () => {
    const problem = await problemOf(
      bench.registration({ method: 'mqtt', productSecret: 'wrong-secret' }).credentials(),
    );
    assert.deepEqual([problem.reason, problem.code, problem.peer?.code], ['registrationRefused', 'AUTH', 4]);
    assert.match(problem.message, /CONNACK 4.*ProductSecret.*switched on.*activated already/);
    assert.doesNotMatch(toldBy(problem), /wrong-secret/);
    assert.ok(bench.clients.every(({ stream }) => stream.destroyed));
    assert.deepEqual(await bench.files(), []);
  });

  for (const method of ['mqtt', 'mqtt-unregistered'] as const) {
    it(`(${method}) gives up after half a minute of silence`, async () => {
      bench.registrar.payload = null;
      const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const problem = problemOf(bench.registration({ method }).credentials());
      await untilAsked(bench);
      await clock.tickAsync(29_000);
      assert.equal(bench.clients[0]?.stream.destroyed, false);
      await clock.tickAsync(1000);
      clock.restore();
      assert.deepEqual([(await problem).reason, (await problem).code], ['registrationUnanswered', 'TIMEOUT']);
      assert.match((await problem).message, /30000 ms.*switched on/);
      assert.equal(/cn-shanghai/.test((await problem).message), method === 'mqtt-unregistered');
      assert.ok(bench.clients[0]?.stream.destroyed);
    });
  }

  it('does not listen to other topics', async () => {
    bench.registrar.topic = '/ext/other';
    const end = new AbortController();
    const problem = problemOf(bench.registration({ method: 'mqtt' }).credentials(end.signal));
    await untilTold(bench);
    end.abort();
    assert.equal((await problem).reason, 'aborted');
  });

  const nonsense: Record<string, string | Buffer> = {
    'no JSON': 'topsecret-x',
    'the secret of another device': JSON.stringify({ deviceName: 'other', deviceSecret: 'topsecret-x' }),
    'an endless one': JSON.stringify({ deviceSecret: 'topsecret-x', more: 'x'.repeat(4096) }),
    nothing: '',
    'bytes that are no text': Buffer.from([0xff, 0xfe, 0, 0x80]),
  };
  for (const [what, payload] of Object.entries(nonsense)) {
    it(`refuses an answer that is ${what}`, async () => {
      bench.registrar.payload = payload;
      const problem = await problemOf(bench.registration({ method: 'mqtt' }).credentials());
      assert.deepEqual([problem.reason, problem.code], ['registrationMalformed', 'CODEC']);
      assert.doesNotMatch(toldBy(problem), /topsecret/);
      assert.deepEqual(await bench.files(), []);
    });
  }

  it('sends nothing over a connection without TLS', async () => {
    const endpoint = endpointAt(bench.registrar.mqttPort, 'tcp');
    const problem = await problemOf(bench.registration({ method: 'mqtt', endpoint }).credentials());
    assert.deepEqual([problem.code, problem.values.field], ['CONFIG', 'transport']);
    assert.equal(bench.clients.length, 0);
  });

  it('does not trust a certificate of an unknown authority', async () => {
    const problem = await problemOf(bench.registration({ method: 'mqtt', ca: [] }).credentials());
    assert.equal(problem.code, 'TRANSPORT');
    assert.match(problem.message, /certificate/);
    assert.equal(bench.registrar.asked, 0);
  });

  it('says when there is nobody', async () => {
    const endpoint = endpointAt(await freePort());
    const problem = await problemOf(bench.registration({ method: 'mqtt', endpoint }).credentials());
    assert.equal(problem.code, 'TRANSPORT');
    assert.match(problem.message, /ECONNREFUSED/);
  });

  it('says when the connection ends before the answer', async () => {
    bench.registrar.payload = null;
    const problem = problemOf(bench.registration({ method: 'mqtt' }).credentials());
    await untilAsked(bench);
    bench.registrar.hangUp();
    assert.equal((await problem).code, 'TRANSPORT');
    assert.match((await problem).message, /closed before the answer/);
  });

  it('ends at once when it is aborted, and with its connection', async () => {
    bench.registrar.payload = null;
    const end = new AbortController();
    const problem = problemOf(bench.registration({ method: 'mqtt' }).credentials(end.signal));
    await untilAsked(bench);
    end.abort();
    assert.deepEqual([(await problem).reason, (await problem).code], ['aborted', 'CANCELLED']);
    assert.ok(bench.clients.every(({ stream }) => stream.destroyed));
  });

  it('shows the secret of the product to nobody', async () => {
    await bench.registration({ method: 'mqtt' }).credentials();
    assert.ok(!bench.registrar.clientIds.join().includes(productSecret));
  });
});

/** CONNACK has arrived. */
async function untilAsked(bench: Bench): Promise<void> {
  while (!bench.clients[0]?.connected) await new Promise(setImmediate);
}

/** A message has arrived. */
async function untilTold(bench: Bench): Promise<void> {
  while (bench.clients.length === 0) await new Promise(setImmediate);
  await new Promise((resolve) => bench.clients[0]?.once('message', resolve));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
