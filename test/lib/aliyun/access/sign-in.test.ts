import assert from 'node:assert/strict';
import { generate } from 'selfsigned';
import { hmacHex } from '../../../../lib/aliyun/identity';
import type { AliyunSettings } from '../../../../lib/aliyun/settings';
import { MialinkError } from '../../../../lib/errors';
import { certify } from '../../../simulators/cloud/authority';
import { Gate } from './gate';
import { deviceSecret, lamp, opened, Visitors } from './visitor';

const username = 'lamp-1&a1b2c3d4e5f';
const signature = hmacHex('hmacsha256', deviceSecret, { clientId: 'a1b2c3d4e5f.lamp-1', ...lamp });

describe('Signing in', () => {
  let gate: Gate;
  let visitors: Visitors;

  beforeEach(() => {
    visitors = new Visitors();
  });
  afterEach(async () => {
    await visitors.close();
    await gate.close();
  });

  for (const [transport, mode] of [
    ['tls', 2],
    ['tcp', 3],
    ['wss', 2],
    ['ws', 3],
  ] as const) {
    it(`works over ${transport}, with its secure mode`, async () => {
      gate = await Gate.start({ transport });
      const connection = visitors.visitor(visitors.settings(gate, { transport }));
      await opened(connection, 'connected');
      assert.deepEqual(gate.visits, [
        {
          clientId: `a1b2c3d4e5f.lamp-1|securemode=${mode},signmethod=hmacsha256,ext=1|`,
          username,
          password: signature,
        },
      ]);
    });
  }

  it('tells the keys of the clientId that are wanted', async () => {
    gate = await Gate.start();
    const settings = visitors.settings(gate, { autoSubscribe: true, clientExtras: { pid: 'a b', mid: '7' } });
    await opened(visitors.visitor(settings), 'connected');
    assert.match(gate.visits[0]?.clientId ?? '', /\|securemode=2,.*,ext=1,_ss=1,pid=a b,mid=7\|$/);
  });

  it('takes the secret of a registration, asked for at each try', async () => {
    gate = await Gate.start();
    const secrets = ['first', 'second'];
    gate.judge = ({ password }) => (gate.visits[0]?.password === password ? 4 : 0);
    const credentials = async () => ({ deviceSecret: secrets.shift() ?? '' });
    await opened(visitors.visitor(visitors.settings(gate), { credentials }), 'connected');
    const { clientId, ...names } = { clientId: 'a1b2c3d4e5f.lamp-1', ...lamp };
    assert.deepEqual(
      gate.visits.map(({ password }) => password),
      ['first', 'second'].map((secret) => hmacHex('hmacsha256', secret, { clientId, ...names })),
    );
  });

  it('takes the token of a registration for the password', async () => {
    gate = await Gate.start();
    const credentials = async () => ({ clientId: 'given-id', deviceToken: 'given-token' });
    await opened(visitors.visitor(visitors.settings(gate), { credentials }), 'connected');
    assert.deepEqual(gate.visits, [
      { clientId: 'given-id|securemode=-2,authType=connwl,ext=1|', username, password: 'given-token' },
    ]);
  });

  for (const [what, given] of Object.entries({
    secret: { deviceSecret },
    token: { clientId: 'given-id', deviceToken: 'given-token' },
  })) {
    it(`with the ${what} of a registration that is not valid any more says how to register again`, async () => {
      gate = await Gate.start();
      gate.judge = () => 4;
      const registered = { deviceSecret: '', registration: 'https', productSecret: 'ps' } as const;
      const settings = visitors.settings(gate, registered);
      const connection = visitors.visitor(settings, { credentials: async () => given });
      const problem = await opened(connection, 'refused');
      assert.equal(problem?.reason, 'signInRefused');
      assert.match(problem?.message ?? '', /registration; .*press Test .*Forget the registration/);
    });
  }

  for (const transport of ['tcp', 'ws'] as const) {
    it(`never sends the token of a registration over ${transport}, where everybody can read it`, async () => {
      gate = await Gate.start({ transport });
      const credentials = async () => ({ clientId: 'given-id', deviceToken: 'given-token' });
      const connection = visitors.visitor(visitors.settings(gate, { transport }), { credentials });
      const problem = await opened(connection, 'disconnected');
      assert.deepEqual([problem?.code, problem?.values.field], ['CONFIG', 'transport']);
      assert.match(problem?.message ?? '', /tls or wss with the token of a registration/);
      assert.equal(gate.visits.length, 0);
    });
  }

  it('that a registration refuses is refused, with its words', async () => {
    gate = await Gate.start();
    const credentials = async () => {
      throw new MialinkError('registrationRefused', { device: 'lamp-1', context: 'active' });
    };
    const problem = await opened(visitors.visitor(visitors.settings(gate), { credentials }), 'refused');
    assert.equal(problem?.reason, 'registrationRefused');
    assert.equal(gate.visits.length, 0);
  });

  describe('by a client certificate', () => {
    const start = async (more: Partial<AliyunSettings> = {}, issuer?: { cert: string; key: string }) => {
      const certificate = await certify('127.0.0.1');
      gate = await Gate.start({ certificate, asksForCertificate: true });
      const { cert, key } = issuer ?? (await certificate.issue('lamp-1'));
      return visitors.settings(gate, {
        signIn: 'x509',
        deviceSecret: '',
        clientCert: cert,
        clientKey: key,
        ...more,
      });
    };

    it('needs no secret, and sends none', async () => {
      await opened(visitors.visitor(await start()), 'connected');
      assert.deepEqual(gate.visits, [
        {
          clientId: 'a1b2c3d4e5f.lamp-1|securemode=2,signmethod=hmacsha256,ext=1|',
          username,
          password: '',
        },
      ]);
    });

    it('stays when the cloud confirms the names, or says nothing that can be read', async () => {
      const settings = await start();
      for (const payload of [JSON.stringify(lamp), '{', '[]', '{"productKey":1}', 'x'.repeat(5000)]) {
        gate.greeting = { topic: '/ext/auth/identity/response', payload };
        const connection = visitors.visitor(settings);
        await opened(connection, 'connected');
        await connection.publish({ topic: 'a', body: '', qos: 1, operation: 'mark' }, 5000);
        assert.equal(connection.state, 'connected');
        await connection.close();
      }
    });

    it('of another device is refused, with the name of that one', async () => {
      const settings = await start();
      const payload = JSON.stringify({ ...lamp, deviceName: 'lamp-2' });
      gate.greeting = { topic: '/ext/auth/identity/response', payload };
      const problem = await opened(visitors.visitor(settings), 'refused');
      assert.deepEqual([problem?.reason, problem?.code], ['otherIdentity', 'AUTH']);
      assert.match(problem?.message ?? '', /certificate is that of lamp-2 \(a1b2c3d4e5f\)/);
    });

    it('that the server does not know, and hangs up on, says what to check', async () => {
      const stranger = await generate([{ name: 'commonName', value: 'x' }], { keyType: 'ec' });
      const issuer = { cert: stranger.cert, key: stranger.private };
      const problem = await opened(visitors.visitor(await start({}, issuer)), 'disconnected');
      assert.equal(problem?.reason, 'connectionFailed');
      assert.match(problem?.message ?? '', /does not know its client certificate/);
      assert.equal(gate.visits.length, 0);
    });

    it('that does not belong to these names says what to check', async () => {
      const settings = await start();
      gate.judge = () => 4;
      const problem = await opened(visitors.visitor(settings), 'refused');
      assert.equal(problem?.reason, 'signInRefused');
      assert.match(problem?.message ?? '', /check that the client certificate/);
    });

    it('that was asked for but not given says so', async () => {
      await start();
      const problem = await opened(visitors.visitor(visitors.settings(gate)), 'refused');
      assert.equal(problem?.reason, 'certificateRefused');
    });
  });
});
