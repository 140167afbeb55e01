/** What the true device, or one with its token, may say in the place of an answer: each has one defined outcome. */
import assert from 'node:assert/strict';
import { MialinkError, type PeerError } from '../../../../lib/errors';
import { because } from '../conversation';
import { type Plaintext, Stage } from './stage';

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('a plaintext in the place of an answer', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  const says = (plaintext: (id: number) => Plaintext) => {
    stage.puppet.onRequest = ({ id }) => stage.puppet.send(stage.sealed(plaintext(id)));
  };

  describe('is no answer when it is', () => {
    const strangers: [string, (id: number) => Plaintext][] = [
      ['an answer to an id of nobody', (id) => ({ id: id + 1, result: ['lie'] })],
      ['an answer to the id 0', () => ({ id: 0, result: ['lie'] })],
      ['an answer to a negative id', (id) => ({ id: -id, result: ['lie'] })],
      ['an answer to an id with a fraction', (id) => ({ id: id + 0.5, result: ['lie'] })],
      ['an answer to an id with 2^32 more', (id) => ({ id: id + 2 ** 32, result: ['lie'] })],
      ['an answer to an id as text', (id) => ({ id: String(id), result: ['lie'] })],
      ['an answer to the id null', () => ({ id: null, result: ['lie'] })],
      ['an answer to an id in an array', (id) => ({ id: [id], result: ['lie'] })],
      ['an answer to an id in an object', (id) => ({ id: { id }, result: ['lie'] })],
      ['an answer without an id', () => ({ result: ['lie'] })],
      ['an answer with two ids, the last of nobody', (id) => `{"id":${id},"id":1,"result":["lie"]}`],
      ['an error for an id of nobody', (id) => ({ id: id + 1, error: { code: -1, message: 'lie' } })],
      ['a request of the device with our id', (id) => ({ id, method: 'props', params: {} })],
      [
        'a request of the device that pretends to have a result',
        (id) => ({ id, method: 'props', result: ['lie'] }),
      ],
      ['an array of answers', (id) => [{ id, result: ['lie'] }]],
      ['a number', (id) => String(id)],
      ['a text', () => '"lie"'],
      ['null', () => 'null'],
      ['nothing', () => ''],
      ['blanks', () => ' \n\t '],
      ['NUL and no more', () => '\0\0\0'],
      ['no JSON and no id', () => '[net'],
      ['bytes of no text', () => Buffer.from('fffefdfc80818283', 'hex')],
    ];
    for (const [what, plaintext] of strangers) {
      it(what, async () => {
        stage.beforeAnswer(({ id }) => stage.puppet.send(stage.sealed(plaintext(id))));
        assert.deepEqual(await stage.client.result('get'), ['true']);
        assert.equal(stage.puppet.requests.length, 1);
      });
    }
  });

  describe('gives a result when it has', () => {
    const results: [string, (id: number) => Plaintext, unknown][] = [
      ['neither result nor error', (id) => ({ id }), null],
      ['neither result nor error, but more', (id) => ({ id, exe_time: 7 }), { exe_time: 7 }],
      ['the result 0', (id) => ({ id, result: 0 }), 0],
      ['the result null', (id) => ({ id, result: null }), null],
      ['the result false', (id) => ({ id, result: false }), false],
      ['an empty text', (id) => ({ id, result: '' }), ''],
      ['a result, and an error that is null', (id) => ({ id, result: ['ok'], error: null }), ['ok']],
      [
        'a text that ends within a character',
        (id) => Buffer.concat([Buffer.from(`{"id":${id},"result":["caf\xc3`, 'latin1'), Buffer.from('"]}')]),
        ['caf\ufffd'],
      ],
      [
        'a name of a network in another encoding',
        (id) => Buffer.from(`{"id":${id},"result":["\xd6ffi"]}`, 'latin1'),
        ['\ufffdffi'],
      ],
      ['a key __proto__', (id) => `{"id":${id},"result":{"__proto__":{"lie":true},"on":1}}`, { on: 1 }],
      [
        'a key __proto__ around it',
        (id) => `{"__proto__":{"result":["lie"]},"id":${id},"result":["ok"]}`,
        ['ok'],
      ],
      [
        'the keys of an object in JavaScript',
        (id) => `{"id":${id},"result":{"constructor":{"prototype":{"lie":1}},"toString":1}}`,
        { constructor: { prototype: { lie: 1 } }, toString: 1 },
      ],
      ['60 KB of text', (id) => ({ id, result: ['x'.repeat(60_000)] }), ['x'.repeat(60_000)]],
      ['30,000 items', (id) => ({ id, result: Array(30_000).fill(1) }), Array(30_000).fill(1)],
      ['nesting within reason', (id) => `{"id":${id},"result":${nested(20)}}`, JSON.parse(nested(20))],
    ];
    for (const [what, plaintext, expected] of results) {
      it(what, async () => {
        says(plaintext);
        const result = await stage.client.result('get');
        assert.deepEqual(result, expected);
        assert.ok(!('lie' in {}), 'nothing else has changed');
      });
    }
  });

  describe('is a refusal when it has', () => {
    const refusals: [string, (id: number) => Plaintext, PeerError][] = [
      ['an error without code', (id) => ({ id, error: { message: 'no' } }), { code: '', message: 'no' }],
      ['an error without message', (id) => ({ id, error: { code: -7 } }), { code: -7, message: '' }],
      ['an error that is a text', (id) => ({ id, error: 'no' }), { code: '', message: 'no' }],
      ['an error that is null', (id) => ({ id, error: null }), { code: '', message: '' }],
      ['an error that is a number', (id) => ({ id, error: -7 }), { code: '', message: '-7' }],
      ['an error that is an array', (id) => ({ id, error: [1] }), { code: '', message: '[1]' }],
      [
        'a code that is a text',
        (id) => ({ id, error: { code: '-7', message: 'no' } }),
        { code: '-7', message: 'no' },
      ],
      [
        'a code that is an object',
        (id) => ({ id, error: { code: {}, message: 'no' } }),
        { code: '', message: 'no' },
      ],
      ['a code beside the error', (id) => ({ id, code: -7, error: 'no' }), { code: -7, message: 'no' }],
      [
        'a message that is an object',
        (id) => ({ id, error: { code: -7, message: { a: 1 } } }),
        { code: -7, message: '{"a":1}' },
      ],
      [
        'a message that looks like one of our texts',
        (id) => ({ id, error: { code: -7, message: '__device__ $& $1' } }),
        { code: -7, message: '__device__ $& $1' },
      ],
    ];
    for (const [what, plaintext, peer] of refusals) {
      it(what, async () => {
        says(plaintext);
        await assert.rejects(stage.client.call('get'), (error: unknown) => {
          assert.ok(error instanceof MialinkError);
          assert.deepEqual([error.code, error.peer], ['DEVICE', peer]);
          assert.ok(error.message.startsWith('the lamp refused get: '), error.message);
          assert.ok(error.message.includes(peer.message));
          return true;
        });
        assert.equal(stage.client.session.state, 'connected');
      });
    }
  });

  it('is a refusal with its meaning when it has an error that is the text of an unknown method', async () => {
    says((id) => ({ id, error: 'unknown_method' }));
    const explained = because('deviceRefused', /refused get: unknown_method \(it does not know this method/);
    await assert.rejects(stage.client.call('get'), explained);
  });

  describe('is unreadable, said at once, when it has our id and', () => {
    const unreadable: [string, (id: number) => Plaintext][] = [
      ['a bare word', (id) => `{"id":${id},"result":[net]}`],
      ['no end', (id) => `{"id":${id},"result":["o`],
      ['nesting without end', (id) => `{"id":${id},"result":${nested(20_000)}}`],
      ['64 KB of commas', (id) => `{"id":${id},"result":[x${','.repeat(65_000)}`],
    ];
    for (const [what, plaintext] of unreadable) {
      it(what, async () => {
        says(plaintext);
        await assert.rejects(stage.client.call('get'), because('answerUnreadable', /not JSON/));
        assert.equal(stage.puppet.requests.length, 1);
        assert.equal(stage.client.session.state, 'connected');
        stage.puppet.onRequest = (request) => stage.puppet.result(request, ['well']);
        assert.deepEqual(await stage.client.result('get'), ['well']);
      });
    }
  });

  it('that is nothing but NUL is called unreadable when the time is over', async () => {
    says(() => '\0');
    await assert.rejects(stage.client.call('get', [], { timeoutMs: 300 }), because('answerUnreadable'));
  });
});
