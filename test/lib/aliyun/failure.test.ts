import assert from 'node:assert/strict';
import dns from 'node:dns';
import { createServer, type Server, type Socket } from 'node:net';
import { generate } from 'selfsigned';
import sinon from 'sinon';
import type { AliyunSettings } from '../../../lib/aliyun/settings';
import { Gate } from './access/gate';
import { opened, Visitors } from './access/visitor';

const DAY_MS = 86_400_000;

/** What the broker answers to CONNECT: nothing but this. */
function answering(bytes: number[]): Promise<Server> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.from(bytes)));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** A certificate of its own authority that is valid from one day to another, counted from now. */
async function validFrom(from: number, to: number) {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    notBeforeDate: new Date(Date.now() + from * DAY_MS),
    notAfterDate: new Date(Date.now() + to * DAY_MS),
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  return { ca: cert, cert, key };
}

describe('Why a device is not connected', () => {
  let gate: Gate;
  let visitors: Visitors;

  beforeEach(() => {
    visitors = new Visitors();
  });
  afterEach(async () => {
    sinon.restore();
    await visitors.close();
    await gate.close();
  });

  describe('is told by the code of CONNACK', () => {
    const cases: [number, number, string, RegExp, string][] = [
      [1, 0x84, 'disconnected', /does not speak the MQTT version/, 'TRANSPORT'],
      [2, 0x85, 'disconnected', /did not accept the clientId.*arrears/, 'TRANSPORT'],
      [3, 0x88, 'disconnected', /is not available/, 'TRANSPORT'],
      [4, 0x86, 'refused', /refused the sign-in.*check ProductKey/, 'AUTH'],
      [5, 0x87, 'refused', /refused the sign-in.*check ProductKey/, 'AUTH'],
    ];
    for (const [old, fresh, state, text, code] of cases) {
      for (const [mqttVersion, bytes, returnCode] of [
        [4, [0x20, 2, 0, old], old],
        [5, [0x20, 3, 0, fresh, 0], fresh],
      ] as const) {
        it(`${returnCode} with MQTT version ${mqttVersion}`, async () => {
          gate = await Gate.start();
          const server = await answering([...bytes]);
          const address = server.address();
          const port = typeof address === 'object' ? address?.port : 0;
          const settings: Partial<AliyunSettings> = { endpoint: `127.0.0.1:${port}`, transport: 'tcp' };
          const connection = visitors.visitor(visitors.settings(gate, { ...settings, mqttVersion }));
          const problem = await opened(connection, state === 'refused' ? 'refused' : 'disconnected');
          assert.match(problem?.message ?? '', text);
          assert.match(problem?.message ?? '', new RegExp(`CONNACK ${returnCode}\\)`));
          assert.deepEqual([problem?.code, problem?.peer?.code], [code, returnCode]);
          await connection.close();
          await new Promise((resolve) => server.close(resolve));
        });
      }
    }
  });

  for (const transport of ['tls', 'wss'] as const) {
    describe(`is told by the certificate, over ${transport}`, () => {
      const problemWith = async (certificate?: Awaited<ReturnType<typeof validFrom>>, ca?: string) => {
        gate = await Gate.start({ transport, certificate });
        const settings = visitors.settings(gate, { transport, ...(ca === undefined ? {} : { ca }) });
        const problem = await opened(visitors.visitor(settings), 'disconnected');
        assert.equal(gate.visits.length, 0);
        assert.equal(problem?.code, 'TRANSPORT');
        return problem;
      };

      it('that has expired', async () => {
        const problem = await problemWith(await validFrom(-2, -1));
        assert.equal(problem?.reason, 'tlsClock');
        assert.match(problem?.message ?? '', /check the clock of this machine/);
      });

      it('that is not valid yet', async () => {
        assert.equal((await problemWith(await validFrom(1, 2)))?.reason, 'tlsClock');
      });

      it('that an unknown authority has signed', async () => {
        const problem = await problemWith(undefined, '');
        assert.equal(problem?.reason, 'tlsFailed');
        assert.match(problem?.message ?? '', /field CA/);
      });

      it('of another host', async () => {
        gate = await Gate.start({ transport });
        const settings = visitors.settings(gate, { transport, endpoint: `other.example:${gate.mqttPort}` });
        sinon.stub(dns, 'lookup').callsFake(((_name: string, options: { all?: boolean }, done: Callback) => {
          const found = { address: '127.0.0.1', family: 4 };
          if (options.all) done(null, [found]);
          else done(null, found.address, found.family);
        }) as typeof dns.lookup);
        const problem = await opened(visitors.visitor(settings), 'disconnected');
        assert.equal(problem?.reason, 'tlsName');
        assert.match(problem?.message ?? '', /other\.example/);
        assert.equal(gate.visits.length, 0);
      });
    });
  }

  it('is a host that does not exist', async () => {
    gate = await Gate.start();
    sinon.stub(dns, 'lookup').callsFake(((name: string, _options: object, done: Callback) => {
      done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
    }) as typeof dns.lookup);
    const settings = visitors.settings(gate, { endpoint: '', region: 'cn-shanhai' });
    const problem = await opened(visitors.visitor(settings), 'disconnected');
    assert.deepEqual([problem?.reason, problem?.code], ['hostUnknown', 'TRANSPORT']);
    assert.match(problem?.message ?? '', /no host a1b2c3d4e5f\.iot-as-mqtt\.cn-shanhai\.aliyuncs\.com/);
  });

  it('is a web server that knows no WebSocket', async () => {
    gate = await Gate.start({ transport: 'ws' });
    const endpoint = `127.0.0.1:${gate.httpsPort}`;
    gate.answer = () => 404;
    const settings = visitors.settings(gate, { transport: 'wss', endpoint });
    const problem = await opened(visitors.visitor(settings), 'disconnected');
    assert.equal(problem?.reason, 'connectionFailed');
    assert.match(problem?.message ?? '', /404/);
  });
});

type Callback = (error: Error | null, address?: unknown, family?: number) => void;
