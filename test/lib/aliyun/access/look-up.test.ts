import assert from 'node:assert/strict';
import { hmacHex } from '../../../../lib/aliyun/identity';
import { Gate, type Question } from './gate';
import { deviceSecret, lamp, opened, Visitors } from './visitor';

const CLIENT_ID = 'a1b2c3d4e5f.lamp-1';

describe('A device that asks where to sign in', () => {
  let gate: Gate;
  let visitors: Visitors;

  beforeEach(async () => {
    gate = await Gate.start();
    visitors = new Visitors();
  });
  afterEach(async () => {
    await visitors.close();
    await gate.close();
  });

  const resources = (port: unknown = gate.mqttPort, host: unknown = '127.0.0.1') => ({
    mqtt: { host, port },
  });
  const found = (more: object = {}) => ({
    code: 200,
    message: 'success',
    data: { resources: resources(), ...more },
  });
  const nowhere = { endpoint: '127.0.0.1:1' };

  describe('by bootstrap', () => {
    const bootstrap = { ...nowhere, bootstrap: true };

    it('connects to what it is told', async () => {
      gate.answer = () => found();
      await opened(visitors.visitor(visitors.settings(gate, bootstrap)), 'connected');
      const form = { ...lamp, clientId: CLIENT_ID, resources: 'mqtt' };
      assert.deepEqual(gate.questions, [{ path: '/auth/bootstrap', form }]);
      assert.match(
        gate.visits[0]?.clientId ?? '',
        /^a1b2c3d4e5f\.lamp-1\|securemode=2,signmethod=hmacsha256/,
      );
    });

    it('remembers it while it serves, and asks again when it does not', async () => {
      gate.answer = () => found();
      const connection = visitors.visitor(visitors.settings(gate, bootstrap));
      await opened(connection, 'connected');
      gate.hangUp();
      await opened(connection, 'disconnected');
      await opened(connection, 'connected');
      assert.equal(gate.questions.length, 1);
      gate.judge = () => 3;
      gate.hangUp();
      await opened(connection, 'disconnected');
      while (gate.questions.length === 1) {
        await opened(connection, 'connecting');
        await opened(connection, 'disconnected');
      }
      gate.judge = () => 0;
      await opened(connection, 'connected');
      assert.ok(gate.questions.length > 1);
    });

    it('that is refused says what to check', async () => {
      gate.answer = () => ({ code: 6100, message: 'no such device' });
      const problem = await opened(visitors.visitor(visitors.settings(gate, bootstrap)), 'refused');
      assert.deepEqual([problem?.reason, problem?.code, problem?.peer?.code], ['authRefused', 'AUTH', 6100]);
      assert.match(
        problem?.message ?? '',
        /no device of this name \(6100 no such device\); correct the DeviceName/,
      );
    });

    it('that fails in the cloud is tried again soon', async () => {
      const answers: unknown[] = [{ code: 500, message: 'oops' }, { code: 429, message: 'slow' }, 503];
      gate.answer = () => answers.shift() ?? found();
      const connection = visitors.visitor(visitors.settings(gate, bootstrap));
      const problems: unknown[] = [];
      connection.on('state', (state, problem) => {
        if (state !== 'connecting' && state !== 'connected') problems.push([state, problem?.reason]);
      });
      await opened(connection, 'connected');
      assert.deepEqual(problems, Array(3).fill(['disconnected', 'authUnreachable']));
    });

    for (const [what, data] of Object.entries({
      nothing: {},
      'no host': { resources: { mqtt: { port: 1883 } } },
      'a URL for a host': { resources: { mqtt: { host: 'x/../y', port: 1883 } } },
      'an endless host': { resources: { mqtt: { host: 'x'.repeat(300), port: 1883 } } },
      'no port': { resources: { mqtt: { host: '127.0.0.1' } } },
      'port 0': { resources: { mqtt: { host: '127.0.0.1', port: 0 } } },
      'resources of text': { resources: 'mqtt' },
    })) {
      it(`does not connect when it is told ${what}`, async () => {
        gate.answer = () => ({ code: 200, data });
        const problem = await opened(visitors.visitor(visitors.settings(gate, bootstrap)), 'disconnected');
        assert.equal(problem?.reason, 'authMalformed');
        assert.equal(gate.visits.length, 0);
      });
    }
  });

  describe('by pre-authentication', () => {
    const preauth = { ...nowhere, signIn: 'preauth' } as const;
    const token = { iotId: 'id-1', iotToken: 'token-1' };

    it('signs the form, and signs in with the token', async () => {
      gate.answer = () => found(token);
      await opened(visitors.visitor(visitors.settings(gate, preauth)), 'connected');
      const signed = { ...lamp, clientId: CLIENT_ID, timestamp: '2524608000000' };
      const sign = hmacHex('hmacsha256', deviceSecret, signed);
      const form = { ...signed, sign, signmethod: 'hmacsha256', version: 'default', resources: 'mqtt' };
      assert.deepEqual(gate.questions, [{ path: '/auth/devicename', form }]);
      assert.deepEqual(gate.visits, [
        { clientId: `${CLIENT_ID}|securemode=-1,ext=1|`, username: 'id-1', password: 'token-1' },
      ]);
    });

    it('asks for another token each time', async () => {
      const asked: Question[] = [];
      gate.answer = (question) => found({ ...token, iotToken: `token-${asked.push(question)}` });
      gate.judge = ({ password }) => (password === 'token-1' ? 4 : 0);
      await opened(visitors.visitor(visitors.settings(gate, preauth)), 'connected');
      assert.equal(gate.visits.at(-1)?.password, 'token-2');
    });

    for (const [code, state, reason, text] of [
      [429, 'disconnected', 'authUnreachable', /cannot serve it just now: 429 slow; this is tried again/],
      [503, 'disconnected', 'authUnreachable', /just now: 503 slow/],
      [6204, 'refused', 'deviceDisabled', /is disabled in the cloud; enable it/],
      [6600, 'refused', 'authRefused', /DeviceSecret is wrong \(6600 slow\); copy it again/],
      [6999, 'refused', 'authRefused', /refused it: 6999 slow; check ProductKey/],
    ] as const) {
      it(`that is answered ${code} is ${state}, and says what to do`, async () => {
        gate.answer = () => ({ code, message: 'slow' });
        const problem = await opened(visitors.visitor(visitors.settings(gate, preauth)), state);
        assert.deepEqual([problem?.reason, problem?.peer?.code], [reason, code]);
        assert.match(problem?.message ?? '', text);
      });
    }

    it('with the secret of a registration is told to forget it when it is wrong', async () => {
      gate.answer = () => ({ code: 6600, message: 'sign' });
      const registered = { deviceSecret: '', registration: 'https', productSecret: 'ps' } as const;
      const settings = visitors.settings(gate, { ...preauth, ...registered });
      const credentials = async () => ({ deviceSecret });
      const problem = await opened(visitors.visitor(settings, { credentials }), 'refused');
      assert.equal(problem?.reason, 'authRefused');
      assert.match(problem?.message ?? '', /Test .*Forget the registration/);
    });

    for (const [what, data] of Object.entries({
      'no token': { iotId: 'id' },
      'a token that is no text': { iotId: 'id', iotToken: 5 },
      'an endless token': { iotId: 'id', iotToken: 'x'.repeat(2000) },
    })) {
      it(`does not sign in with ${what}`, async () => {
        gate.answer = () => found(data);
        const problem = await opened(visitors.visitor(visitors.settings(gate, preauth)), 'disconnected');
        assert.equal(problem?.reason, 'authMalformed');
        assert.equal(gate.visits.length, 0);
      });
    }
  });

  it('that is closed while it asks leaves nothing behind', async () => {
    const asked = new Promise<void>((resolve) => {
      gate.answer = () => resolve();
    });
    const connection = visitors.visitor(visitors.settings(gate, { ...nowhere, bootstrap: true }));
    connection.open();
    await asked;
    await connection.close();
    assert.equal(connection.state, 'closed');
    await new Promise(setImmediate);
    assert.equal(gate.visits.length, 0);
    assert.deepEqual(visitors.reports.warnings, []);
  });
});
