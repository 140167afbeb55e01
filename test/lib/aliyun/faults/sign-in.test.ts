/** Why a device cannot sign in, as its user reads it: the clock, the certificate, the cloud's refusal, another client. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { MemoryStore } from '../../../../lib/aliyun/outbox';
import { acknowledged, Bench, lamp, problemOf, untilState } from '../bench';

const DAY_MS = 86_400_000;

describe('Aliyun sign-in that fails', function () {
  this.timeout(30_000);
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  /** The problem of a device that meets this certificate, valid in these days from now; no word of it gets through. */
  async function problemWith(days: [number, number], host: string) {
    const [from, to] = days.map((day) => new Date(Date.now() + day * DAY_MS));
    const { cert, private: key } = await generate([{ name: 'commonName', value: host }], {
      ...{ keyType: 'ec', algorithm: 'sha256', notBeforeDate: from, notAfterDate: to },
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
    });
    const heard: Buffer[] = [];
    const sockets = new Set<TLSSocket>();
    const server = createServer({ cert, key }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => heard.push(bytes));
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const device = bench.device({ endpoint: `localhost:${port}`, ca: cert, timeoutMs: 200 });
    device.open();
    const problem = await untilState(device, 'disconnected');
    const post = await problemOf(device.postProperties({ power: 1 }));
    await device.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    assert.deepEqual(heard, []);
    assert.ok(problem);
    return { problem, post };
  }

  for (const [name, days] of [
    ['has expired', [-20, -10]],
    ['is not valid yet', [10, 20]],
  ] as const) {
    it(`for a certificate that ${name}, names the clock`, async () => {
      const { problem, post } = await problemWith([...days], 'localhost');
      assert.deepEqual([problem.code, problem.reason], ['TRANSPORT', 'tlsClock']);
      assert.match(problem.message, /clock/);
      assert.deepEqual([post.code, post.reason], ['TRANSPORT', 'notConnected']);
    });
  }

  it('for a certificate of another host, names that host', async () => {
    const { problem } = await problemWith([-1, 1], 'mqtt.example.com');
    assert.deepEqual([problem.code, problem.reason], ['TRANSPORT', 'tlsName']);
    assert.match(problem.message, /localhost/);
  });

  for (const [code, expected] of [
    [2, 'TRANSPORT connectionFailed disconnected'],
    [3, 'TRANSPORT connectionFailed disconnected'],
    [4, 'AUTH signInRefused refused'],
    [5, 'AUTH signInRefused refused'],
  ] as const) {
    it(`by CONNACK ${code}, gives the code, keeps what the outbox has, and delivers it when it is over`, async () => {
      await bench.cloud.stopBroker();
      const device = bench.device({}, { outbox: new MemoryStore() });
      device.open();
      assert.deepEqual(await device.postProperties({ n: 1 }), { queued: true });
      bench.cloud.knobs.refuse = code;
      const told = new Promise<string>((resolve) => {
        device.on('state', (state, problem) => {
          if (problem?.peer) resolve(`${problem.code} ${problem.reason} ${state}`);
        });
      });
      await bench.cloud.startBroker();
      assert.equal(await told, expected);
      assert.equal(device.waiting.kept, 1);
      bench.cloud.knobs.refuse = null;
      await once(bench.lamp, 'post');
      assert.deepEqual(bench.lamp.properties.n?.value, 1);
    });
  }

  it('again and again, since two programs have one triple, slows both down and tells both', async () => {
    const rivals = [bench.device(), bench.device()];
    const told = rivals.map((device) => {
      device.open();
      return new Promise((resolve) => {
        device.on('state', (_state, problem) => {
          if (problem?.reason === 'sessionTaken') resolve(problem.message);
        });
      });
    });
    for (const text of await Promise.all(told)) assert.match(String(text), /another|other/);
    const { connects } = bench.lamp;
    const start = performance.now();
    while (bench.lamp.connects < connects + 8) await once(bench.lamp, 'online');
    // The slow waiting times begin with 200 ms here, a quarter of it off; the quick ones with 20.
    assert.ok(performance.now() - start >= 450, 'they go on as fast as before');
    const [winner, loser] = rivals;
    assert.ok(winner && loser);
    await loser.close();
    await untilState(winner, 'connected');
    assert.equal((await acknowledged(winner.postProperties({ n: 1 }))).code, 200);
    assert.deepEqual(bench.reports.reasons, ['sessionTaken', 'sessionTaken']);
  });

  it('says nothing of the secret, whatever the failure', async () => {
    for (const refuse of [2, 3, 4, 5]) {
      bench.cloud.knobs.refuse = refuse;
      const device = bench.device({ timeoutMs: 50 });
      device.open();
      const { message, values, cause } = await problemOf(device.postProperties({ n: 1 }));
      await device.close();
      const told = [message, JSON.stringify(values), String(cause), ...bench.reports.lines].join('\n');
      assert.ok(!told.includes(lamp.deviceSecret));
    }
  });
});
