import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-log', () => {
  const bench = useCloud();

  /** With the log switched on in the console, unless told otherwise. */
  async function load(fields: Record<string, unknown> = {}, mode: 0 | 1 = 1) {
    bench.lamp.setLogMode(mode);
    await bench.load([{ id: 'log', type: 'aliyun-log', device: 'lamp', ...fields }, ...sinks('log')]);
    await statusText('log', `aliyun-log.status.${mode === 1 ? 'log-on' : 'log-off'}`);
  }
  /** Resolves when the node has done with the message. */
  function write(payload: unknown) {
    const completed = nextMessage('completed');
    node('log').receive({ payload } as never);
    return completed;
  }
  /** Resolves when the cloud has so many entries. */
  async function logged(count: number) {
    while (bench.lamp.logs.length < count) await once(bench.lamp, 'post');
    return bench.lamp.logs;
  }
  const contents = () => bench.lamp.logs.map(({ logContent }) => logContent);
  function errorFor(payload: unknown) {
    const caught = nextError('errors');
    node('log').receive({ payload } as never);
    return caught;
  }

  it('writes a text as an information of now', async () => {
    await load();
    await write('started');
    const [entry] = await logged(1);
    const { utcTime, ...rest } = entry ?? assert.fail('nothing was logged');
    assert.ok(Math.abs(Date.now() - Date.parse(utcTime)) < 5_000);
    assert.deepEqual(rest, {
      logLevel: 'INFO',
      module: 'device',
      code: '0',
      traceContext: '',
      logContent: 'started',
    });
    assert.equal(lights('log').at(-1), 'green dot aliyun-log.status.log-on');
  });

  it('writes an entry with all that it says', async () => {
    await load();
    await write({
      level: 'error',
      module: 'lamp',
      code: 4103,
      content: { t: 91 },
      time: 0,
      traceContext: 'x',
    });
    assert.deepEqual(await logged(1), [
      {
        utcTime: '1970-01-01T00:00:00.000+0000',
        logLevel: 'ERROR',
        module: 'lamp',
        code: '4103',
        traceContext: 'x',
        logContent: '{"t":91}',
      },
    ]);
  });

  it('writes many entries of one message in their order', async () => {
    await load();
    const all = Array.from({ length: 90 }, (_, index) => `entry ${index}`);
    await write(all);
    await logged(90);
    assert.deepEqual(contents(), all);
  });

  it('gives all entries the module of its field', async () => {
    await load({ module: 'kitchen' });
    await write({ content: 'x', module: 'lamp' });
    assert.equal((await logged(1))[0]?.module, 'kitchen');
  });

  it('writes nothing below its level', async () => {
    await load({ level: 'WARN' });
    await write(['quiet', { level: 'DEBUG', content: 'quieter' }]);
    await write({ level: 'WARN', content: 'loud' });
    await write({ level: 'OTHER', content: 'odd' });
    await logged(2);
    assert.deepEqual(contents(), ['loud', 'odd']);
  });

  it('drops entries while the log is off in the cloud, and shows that', async () => {
    await load({}, 0);
    await write('unheard');
    assert.equal(lights('log').at(-1), 'grey ring aliyun-log.status.log-off');
    bench.lamp.setLogMode(1);
    await statusText('log', 'aliyun-log.status.log-on');
    await write('heard');
    await logged(1);
    assert.deepEqual(contents(), ['heard']);
    bench.lamp.setLogMode(0);
    await statusText('log', 'aliyun-log.status.log-off');
  });

  it('writes what came while the cloud was away, after the next connect', async () => {
    await load();
    bench.lamp.cut();
    await statusText('log', 'aliyun-log.status.disconnected');
    await write('from before');
    assert.equal(lights('log').at(-1), 'red ring aliyun-log.status.disconnected');
    assert.deepEqual(bench.lamp.logs, []);
    await logged(1);
    assert.deepEqual(contents(), ['from before']);
  });

  it('refuses a payload that is no entry', async () => {
    await load();
    for (const [payload, text] of [
      [5, /must be text, or \{/],
      [{ level: 'LOUD', content: 'x' }, /not LOUD/],
      [['fine', {}], /an object without content/],
    ] as const) {
      const { code, message } = await errorFor(payload);
      assert.equal(code, 'CONFIG');
      assert.match(message, text);
      assert.equal(lights('log').at(-1), 'red dot aliyun-log.status.failed');
    }
    assert.deepEqual(bench.lamp.logs, []);
  });

  it('fails with CONFIG and says so from the start where its level is none', async () => {
    await bench.load([{ id: 'log', type: 'aliyun-log', device: 'lamp', level: 'LOUD' }, ...sinks('log')]);
    assert.equal(lights('log').at(-1), 'red ring aliyun-log.status.misconfigured');
    assert.match((await errorFor('x')).message, /level must be one of DEBUG.*not LOUD/);
  });

  it('reports what the cloud has refused', async () => {
    await load();
    bench.cloud.knobs.replyCode = 429;
    const { code, message, at } = await errorFor('x');
    assert.equal(code, 'DEVICE');
    assert.match(message, /lamp-1 .*refused log post: 429/);
    assert.equal((at.aliyun as { code: number }).code, 429);
    assert.equal(lights('log').at(-1), 'red dot aliyun-log.status.failed');
    bench.cloud.knobs.replyCode = 200;
    await write('y');
    await logged(1);
    assert.equal(lights('log').at(-1), 'green dot aliyun-log.status.log-on');
  });
});
