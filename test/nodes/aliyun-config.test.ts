import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { collect, lights, sinks, useCloud } from '../support/aliyun';
import { helper, nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-config', () => {
  const bench = useCloud();

  async function loadConnected(fields: Record<string, unknown> = {}) {
    const config = { id: 'config', type: 'aliyun-config', device: 'lamp', wires: [['out']], ...fields };
    await bench.load([config, ...sinks('config')]);
    await statusText('config', 'aliyun-config.status.connected');
  }
  function answerTo(message: Record<string, unknown> = {}) {
    const out = nextMessage('out');
    node('config').receive(message as never);
    return out;
  }
  function errorFor(message: Record<string, unknown> = {}) {
    const caught = nextError('errors');
    node('config').receive(message as never);
    return caught;
  }

  it('fetches the configuration when a message asks for it, and keeps the message', async () => {
    await loadConnected();
    bench.lamp.configure('{"interval":30,"names":["a"]}');
    const completed = nextMessage('completed');
    const { payload, topic, aliyun, _msgid } = await answerTo({ payload: 1, topic: 'lamp' });
    assert.deepEqual([payload, topic], [{ interval: 30, names: ['a'] }, 'lamp']);
    const { configId, sign, ...rest } = aliyun as Record<string, unknown>;
    assert.deepEqual(rest, { size: 29, signMethod: 'sha256', pushed: false });
    assert.match(`${configId} ${sign}`, /^[\da-f]+ [\da-f]{64}$/);
    assert.equal((await completed)._msgid, _msgid);
    assert.equal(lights('config').at(-1), 'green dot aliyun-config.status.done');
  });

  it('passes on what the cloud pushes, which it has answered', async () => {
    await loadConnected();
    const out = nextMessage('out');
    const answer = await bench.lamp.pushConfig('{"interval":60}', { signMethod: 'Md5' });
    assert.equal(answer.code, 200);
    const { payload, aliyun } = await out;
    assert.deepEqual(payload, { interval: 60 });
    const { pushed, signMethod } = aliyun as Record<string, unknown>;
    assert.deepEqual([pushed, signMethod], [true, 'md5']);
  });

  for (const [format, content, payload] of [
    ['auto', '{"a":1}', { a: 1 }],
    ['auto', 'interval=30', 'interval=30'],
    ['auto', '{"a":', '{"a":'],
    ['auto', Buffer.from([0, 255]), Buffer.from([0, 255])],
    ['text', '{"a":1}', '{"a":1}'],
    ['buffer', '{}', Buffer.from('{}')],
  ] as const) {
    it(`puts out ${JSON.stringify(content)} in the format ${format}`, async () => {
      await loadConnected({ format });
      bench.lamp.configure(content);
      assert.deepEqual((await answerTo()).payload, payload);
    });
  }

  it('leaves no key __proto__ in what it puts out', async () => {
    await loadConnected();
    bench.lamp.configure('{"a":1,"__proto__":{"b":2}}');
    const { payload } = await answerTo();
    assert.equal(JSON.stringify(payload), '{"a":1}');
  });

  it('says in words that nothing is configured, with the code of the cloud', async () => {
    await loadConnected();
    const out = collect('out');
    const { code, message, at } = await errorFor({ aliyun: { id: 'old' }, topic: 't' });
    assert.equal(code, 'DEVICE');
    assert.match(message, /lamp-1 .*nothing is configured \(6710/);
    assert.equal((at.aliyun as { code: number }).code, 6710);
    assert.equal(at.topic, 't');
    assert.deepEqual(out, []);
    assert.equal(lights('config').at(-1), 'red dot aliyun-config.status.failed');
  });

  it('says in words that the feature is off', async () => {
    await loadConnected();
    bench.cloud.knobs.configOff = true;
    assert.match((await errorFor()).message, /remote configuration is switched off \(6713/);
  });

  it('puts out nothing when the file is not the one announced', async () => {
    await loadConnected();
    bench.lamp.configure('{"a":1}', { corrupt: { sign: '0'.repeat(64) } });
    const out = collect('out');
    const { code, message, at } = await errorFor({ aliyun: { id: 'of a node before' } });
    assert.deepEqual([code, at.aliyun], ['CODEC', undefined]);
    assert.match(message, /remote configuration does not match its notice/);
    assert.deepEqual(out, []);
  });

  it('reports a push that cannot be fetched as an error of its own', async () => {
    await loadConnected();
    const caught = nextError('errors');
    const corrupt = { url: 'http://127.0.0.1:1/config.json?auth_key=secret' };
    assert.equal((await bench.lamp.pushConfig('{}', { corrupt })).code, 200);
    const { code, message, at } = await caught;
    assert.equal(code, 'CONFIG');
    assert.match(message, /http: is not allowed/);
    assert.equal((at.aliyun as { pushed: boolean }).pushed, true);
    assert.equal(lights('config').at(-1), 'red dot aliyun-config.status.failed');
  });

  it('fails with CODEC for what is not in the format of its field', async () => {
    await loadConnected({ format: 'json' });
    bench.lamp.configure('interval=30');
    const caught = nextError('errors');
    node('config').receive({});
    const { code, message } = await caught;
    assert.equal(code, 'CODEC');
    assert.match(message, /lamp-1 .*cannot be read: it is not JSON/);
  });

  it('answers a push that is no notice with 460 and passes nothing on', async () => {
    await loadConnected();
    const out = collect('out');
    const answer = await bench.lamp.pushConfig('{}', { corrupt: { configSize: -1 } });
    assert.equal(answer.code, 460);
    assert.deepEqual(out, []);
  });

  describe('while a file does not come', () => {
    const sockets: Socket[] = [];
    let silent: Server;
    let asked: Promise<unknown>;
    /** Whose file never comes. */
    let corrupt: { url: string };
    beforeEach(async () => {
      silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      asked = once(silent, 'connection');
      corrupt = { url: `https://127.0.0.1:${(silent.address() as AddressInfo).port}/config.json` };
    });
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
      silent.close();
    });

    it('passes on a newer configuration instead, and reports no error of the older one', async () => {
      await loadConnected();
      const [out, errors] = [collect('out'), collect('errors')];
      await bench.lamp.pushConfig('{"v":1}', { corrupt });
      await asked;
      const next = nextMessage('out');
      await bench.lamp.pushConfig('{"v":2}');
      await next;
      // Nothing is under way any more.
      await statusText('config', 'aliyun-config.status.done');
      assert.deepEqual([out.map(({ payload }) => payload), errors], [[{ v: 2 }], []]);
    });

    it('is closed at once, and says nothing any more of what was pushed', async () => {
      await loadConnected();
      const errors = collect('errors');
      await bench.lamp.pushConfig('{}', { corrupt });
      node('config').receive({});
      await asked;
      const closing = Date.now();
      await helper.unload();
      assert.ok(Date.now() - closing < 3_000, 'it waits for what it does not need');
      assert.deepEqual(errors, []);
    });
  });
});
