import assert from 'node:assert/strict';
import sinon from 'sinon';
import { postForm } from '../../../../lib/aliyun/access/form-post';
import { problemOf } from '../bench';
import { Gate } from './gate';

const SECRETS = { sign: 'secret-sign', name: 'a b&c=d' };

describe('A form posted to a sign-in service', () => {
  let gate: Gate;

  beforeEach(async () => {
    gate = await Gate.start();
  });
  afterEach(async () => {
    sinon.restore();
    await gate.close();
  });

  const post = (more: { ca?: string[]; timeoutMs?: number; signal?: AbortSignal } = {}) =>
    postForm(`https://127.0.0.1:${gate.httpsPort}/auth/x`, SECRETS, {
      label: 'lamp',
      ca: [gate.ca],
      timeoutMs: 5000,
      ...more,
    });

  it('arrives as it was, and its answer too', async () => {
    gate.answer = () => ({ code: 200, message: 'success', data: { a: 1 } });
    assert.deepEqual(await post(), { code: 200, message: 'success', data: { a: 1 } });
    assert.deepEqual(gate.questions, [{ path: '/auth/x', form: SECRETS }]);
    await gate.empty();
  });

  it('leaves no timer', async () => {
    const [set, cleared] = [sinon.spy(globalThis, 'setTimeout'), sinon.spy(globalThis, 'clearTimeout')];
    gate.answer = () => ({ code: 200 });
    await post({ timeoutMs: 600_000 });
    const ours = set.getCalls().find(({ args }) => args[1] === 600_000);
    assert.ok(ours);
    assert.ok(cleared.calledWith(ours.returnValue));
  });

  it('gets the refusals of the cloud as answers', async () => {
    gate.answer = () => ({ code: 6288 });
    assert.deepEqual(await post(), { code: 6288, message: '', data: {} });
  });

  for (const [what, body] of [
    ['text', 'hello'],
    ['half a JSON', '{"code":200'],
    ['an array', '[]'],
    ['a code that is text', '{"code":"200"}'],
    ['no code', '{"data":{}}'],
    ['too much', `{"code":200,"data":"secret-${'x'.repeat(70_000)}"}`],
  ] as const) {
    it(`does not take ${what} for an answer, nor repeat it`, async () => {
      gate.answer = () => body;
      const problem = await problemOf(post());
      assert.deepEqual([problem.reason, problem.code], ['authMalformed', 'CODEC']);
      assert.doesNotMatch(`${problem.message}${problem.stack}${problem.cause}`, /secret|hello/);
    });
  }

  for (const status of [302, 404, 503]) {
    it(`says that the service answered HTTP ${status}`, async () => {
      gate.answer = () => status;
      const problem = await problemOf(post());
      assert.deepEqual([problem.reason, problem.code], ['authUnreachable', 'TRANSPORT']);
      assert.match(problem.message, new RegExp(`127\\.0\\.0\\.1:\\d+ did not answer: HTTP ${status}`));
      assert.equal(gate.questions.length, 1);
    });
  }

  it('says when nobody is there', async () => {
    const options = { label: 'lamp', ca: [gate.ca], timeoutMs: 5000 };
    const problem = await problemOf(postForm('https://127.0.0.1:1/auth/x', SECRETS, options));
    assert.equal(problem.reason, 'authUnreachable');
    assert.match(problem.message, /ECONNREFUSED/);
  });

  it('says when the connection breaks before the answer', async () => {
    gate.answer = () => {
      gate.hangUp();
    };
    assert.equal((await problemOf(post())).reason, 'authUnreachable');
  });

  it('ends when its time is over, and leaves no connection', async () => {
    gate.answer = () => undefined;
    const problem = await problemOf(post({ timeoutMs: 2_000 }));
    assert.equal(problem.reason, 'authUnreachable');
    assert.match(problem.message, /no answer within 2000 ms/);
    await gate.empty();
  });

  it('ends at once when it is aborted, also beforehand', async () => {
    const end = new AbortController();
    gate.answer = () => {
      end.abort();
    };
    const problem = await problemOf(post({ signal: end.signal }));
    assert.deepEqual([problem.reason, problem.code], ['aborted', 'CANCELLED']);
    assert.equal((await problemOf(post({ signal: end.signal }))).reason, 'aborted');
    assert.equal(gate.questions.length, 1);
  });

  it('is not shown to a server of an unknown authority', async () => {
    const problem = await problemOf(post({ ca: [] }));
    assert.equal(problem.reason, 'tlsFailed');
    assert.equal(gate.questions.length, 0);
  });
});
