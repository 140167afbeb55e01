import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Node, NodeAPI } from 'node-red';
import { MialinkError } from '../../lib/errors';
import {
  adminPost,
  asFlag,
  asNumber,
  asText,
  type InputHandler,
  inUsersLanguage,
  onInput,
  untilClosed,
} from '../../nodes/runtime';
import { helper, nextError, nextMessage, node, useNodeRed } from '../support/flow';

const problem = () => new MialinkError('versionMissing', { device: 'lamp' });

describe('the glue to Node-RED', () => {
  describe('for messages', () => {
    useNodeRed();
    let completed: number;
    let caught: number;

    /** A flow with one node of type `probe` that handles its messages with `handler`. */
    async function load(handler: InputHandler, dispose?: () => void | Promise<void>): Promise<void> {
      const register = (RED: NodeAPI) => {
        RED.nodes.registerType('probe', function create(this: Node, config: never) {
          RED.nodes.createNode(this, config);
          onInput(RED, this, handler, dispose);
        });
      };
      const placed = { z: 'tab', x: 0, y: 0, wires: [] };
      await helper.load(
        register as never,
        [
          { id: 'tab', type: 'tab', label: 'test' },
          { ...placed, id: 'probe', type: 'probe', wires: [['out']] },
          { ...placed, id: 'out', type: 'helper' },
          { ...placed, id: 'catch', type: 'catch', wires: [['errors']] },
          { ...placed, id: 'errors', type: 'helper' },
          { ...placed, id: 'complete', type: 'complete', scope: ['probe'], wires: [['completed']] },
          { ...placed, id: 'completed', type: 'helper' },
        ] as never,
      );
      [completed, caught] = [0, 0];
      node('completed').on('input', () => completed++);
      node('errors').on('input', () => caught++);
    }
    /** Time for a second end, which must not come. */
    const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

    it('is done once with a message when the handler returns, after what it sends', async () => {
      await load(async (message, send) => send({ ...message, payload: 'out' }));
      const out = nextMessage('out');
      const end = nextMessage('completed');
      node('probe').receive({ payload: 'in' });
      assert.equal((await out).payload, 'out');
      await end;
      await settled();
      assert.deepEqual([completed, caught], [1, 0]);
    });

    it('fails once, with text and code, when the handler throws an error of ours', async () => {
      await load(() => Promise.reject(problem()));
      const error = nextError('errors');
      node('probe').receive({ payload: 'in' });
      const { code, message, at } = await error;
      assert.equal(code, 'CONFIG');
      assert.match(message, /lamp: the version is missing/);
      assert.equal(at.payload, 'in');
      await settled();
      assert.deepEqual([completed, caught], [0, 1]);
    });

    for (const [what, thrown, text] of [
      ['a bug', new TypeError('x is not a function'), /x is not a function/],
      ['what is no error', 'just text', /just text/],
      ['nothing', undefined, /undefined/],
    ] as const) {
      it(`fails once when the handler throws ${what}, and stays alive`, async () => {
        await load((message) => (message.payload === 'bad' ? Promise.reject(thrown) : Promise.resolve()));
        const error = nextError('errors');
        node('probe').receive({ payload: 'bad' });
        assert.match((await error).message, text);
        await settled();
        assert.deepEqual([completed, caught], [0, 1]);
        const end = nextMessage('completed');
        node('probe').receive({ payload: 'good' });
        await end;
        assert.deepEqual([completed, caught], [1, 1]);
      });
    }

    it('ends what is under way when the node closes, then disposes', async () => {
      const order: string[] = [];
      await load(
        (_message, _send, signal) => {
          order.push('begun');
          return untilClosed(signal, new Promise<void>(() => {}));
        },
        () => void order.push('disposed'),
      );
      const probe = node('probe');
      probe.error = ((error: { code: string }) => order.push(error.code)) as never;
      const begun = once(probe as never, 'input');
      probe.receive({});
      await begun;
      await helper.unload();
      assert.deepEqual(order, ['begun', 'CANCELLED', 'disposed']);
    });

    it('closes although disposing fails', async () => {
      await load(
        async () => {},
        () => Promise.reject(new Error('no')),
      );
      const probe = node('probe');
      const warnings: unknown[] = [];
      probe.warn = ((text: unknown) => warnings.push(text)) as never;
      await probe.close(false);
      assert.deepEqual(warnings, ['Error: no']);
    });
  });

  describe('for what may be over before its end', () => {
    it('gives what the work gives', async () => {
      const { signal } = new AbortController();
      assert.equal(await untilClosed(signal, Promise.resolve(5)), 5);
      await assert.rejects(untilClosed(signal, Promise.reject(problem())), { reason: 'versionMissing' });
    });

    it('does not begin to wait when the node is closed, and swallows how the work ends', async () => {
      const signal = AbortSignal.abort(new MialinkError('closed', { device: 'lamp' }));
      await assert.rejects(untilClosed(signal, Promise.reject(new Error('late'))), { code: 'CANCELLED' });
    });
  });

  describe('for admin routes', () => {
    useNodeRed();

    async function load(handler: (body: Record<string, unknown>) => Promise<unknown>): Promise<void> {
      const register = (RED: NodeAPI) => adminPost(RED, '/probe/do', 'probe.write', handler);
      await helper.load(register as never, [] as never);
    }

    it('answers what the handler makes of the body', async () => {
      await load(async ({ n }) => ({ twice: Number(n) * 2 }));
      const { status, body } = await helper.request().post('/probe/do').send({ n: 4 });
      assert.deepEqual([status, body], [200, { twice: 8 }]);
    });

    it('takes a body that is no object for an empty one', async () => {
      await load(async (given) => ({ given }));
      const { body } = await helper.request().post('/probe/do').send(['x']);
      assert.deepEqual(body, { given: {} });
    });

    for (const [what, handler, sentence] of [
      ['rejects', () => Promise.reject(problem()), 'lamp: the version is missing; send it as msg.payload'],
      ['has a bug', () => assert.fail('oops'), 'oops'],
      ['throws no error', () => Promise.reject('plain'), 'plain'],
    ] as const) {
      it(`answers 400 and a sentence when the handler ${what}, and stays alive`, async () => {
        await load(handler);
        for (let time = 0; time < 2; time++) {
          const { status, body } = await helper.request().post('/probe/do').send({});
          assert.deepEqual([status, body], [400, { error: sentence }]);
        }
      });
    }

    it('is for those who have the permission', () => {
      const asked: unknown[] = [];
      const guard = () => {};
      const needsPermission = (permission: string) => {
        asked.push(permission);
        return guard;
      };
      const post = (path: string, first: unknown) => asked.push(path, first);
      const RED = { auth: { needsPermission }, httpAdmin: { post } };
      adminPost(RED as never, '/probe/do', 'probe.write', async () => ({}));
      assert.deepEqual(asked, ['probe.write', '/probe/do', guard]);
    });
  });

  describe('for the language of errors', () => {
    /** A runtime whose catalogues hold these texts, and that fills them in as Node-RED does. */
    function runtimeWith(catalogue: Record<string, string>): NodeAPI {
      const translate = (key: string, values: Record<string, unknown>) =>
        (catalogue[key] ?? key).replace(/__(\w+)__/g, (_, name: string) => String(values[name]));
      return { _: translate } as never;
    }
    const KEY = '@mialink/node-red-miio-aliyun/miio-device:reasons.versionMissing';

    it('takes the text of the catalogue, with the values filled in', () => {
      const RED = runtimeWith({ [KEY]: '__device__：缺少版本' });
      const error = inUsersLanguage(RED, problem());
      assert.equal(error.message, 'lamp：缺少版本');
      assert.equal((error as MialinkError).code, 'CONFIG');
    });

    it('keeps the English text where the catalogue has none, or a blank one', () => {
      for (const RED of [runtimeWith({}), runtimeWith({ [KEY]: '' })]) {
        assert.match(inUsersLanguage(RED, problem()).message, /^lamp: the version is missing/);
      }
    });

    it('leaves other errors as they are, and makes an error of anything else', () => {
      const other = new RangeError('no');
      assert.equal(inUsersLanguage(runtimeWith({}), other), other);
      assert.equal(inUsersLanguage(runtimeWith({}), 'text').message, 'text');
    });
  });

  describe('for configured values', () => {
    it('reads text', () => {
      assert.deepEqual([undefined, null, '', '  ', ' a ', 5, false].map(asText), [
        '',
        '',
        '',
        '',
        'a',
        '5',
        'false',
      ]);
    });

    it('reads numbers, and tells a blank from what is no number', () => {
      assert.deepEqual(
        [undefined, null, '', ' ', 5, '5', ' 2.5 ', 0, '0', '-1', 'x', '5 s', {}].map(asNumber),
        [undefined, undefined, undefined, undefined, 5, 5, 2.5, 0, 0, -1, Number.NaN, Number.NaN, Number.NaN],
      );
    });

    it('reads flags', () => {
      for (const yes of [true, 'true', 1]) assert.equal(asFlag(yes, false), true);
      for (const no of [false, 'false', 0, 'no', null]) assert.equal(asFlag(no, true), false);
      for (const blank of [undefined, '']) {
        assert.equal(asFlag(blank, true), true);
        assert.equal(asFlag(blank, false), false);
      }
    });
  });
});
