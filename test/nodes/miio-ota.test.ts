/** miio-ota with a simulated lamp: a firmware on its way, and how the flow hears of it. */
import assert from 'node:assert/strict';
import { isRecord } from '../../nodes/runtime';
import { nextError, nextMessage, node, statuses, statusText } from '../support/flow';
import { FIRMWARE, steps, useFlashableLamp } from './miio-ota-flow';

describe('miio-ota', () => {
  const bench = useFlashableLamp();

  it('installs the file, tells the version that runs now, and keeps the rest of the message', async () => {
    const images: Buffer[] = [];
    const firmwareOf = (image: Buffer) => {
      images.push(image);
      return '1.1.0';
    };
    await bench.start({}, { firmwareOf });
    const out = nextMessage('out');
    const completed = nextMessage('completed');
    const aliyun = { version: '1.1.0', module: 'default' };
    node('ota').receive({ payload: bench.file, topic: 'lamp', aliyun } as never);
    const message = await out;
    assert.deepEqual(message.payload, { file: bench.file, version: '1.1.0', state: 'idle' });
    assert.deepEqual([message.topic, message.aliyun], ['lamp', aliyun]);
    assert.deepEqual(message.miio, { address: '127.0.0.1', deviceId: bench.device.did });
    assert.equal((await completed)._msgid, message._msgid);
    assert.deepEqual(images, [FIRMWARE]);
  });

  it('tells the progress as aliyun-ota takes it: from 1 upwards, 100 at the end, the message kept', async () => {
    await bench.start();
    const out = nextMessage('out');
    const aliyun = { module: 'default' };
    node('ota').receive({ payload: [bench.file], aliyun } as never);
    const { _msgid } = await out;
    assert.ok(
      steps(bench.progress).every((step, index, all) => step >= (all[index - 1] ?? 1) && step <= 100),
    );
    assert.deepEqual(bench.progress[0]?.payload, { step: 1, desc: 'ordered' });
    assert.deepEqual(bench.progress.at(-1)?.payload, { step: 100, desc: 'runs 2.0.0' });
    for (const message of bench.progress) {
      assert.deepEqual([message.operation, message.aliyun, message._msgid], ['progress', aliyun, _msgid]);
    }
  });

  it('shows busy, the percentage, and done', async () => {
    await bench.start();
    await statusText('ota', 'miio-ota.status.connected');
    const out = nextMessage('out');
    node('ota').receive({ payload: bench.file });
    await out;
    const shown = statuses('ota');
    const from = shown.findIndex(({ text }) => text === 'miio-ota.status.busy');
    assert.deepEqual(shown[from + 1], { fill: 'blue', shape: 'dot', text: '1 %' });
    assert.ok(shown.some(({ text }) => text === 'miio-ota.status.done'));
  });

  it('tells -4 and then one error when the device fails, and nothing on output 1', async () => {
    await bench.start({}, {}, 'failsToInstall');
    node('out').once('input', () => assert.fail('a failure sends no result'));
    const caught = nextError('errors');
    node('ota').receive({ payload: bench.file, topic: 't' });
    const { code, message, at } = await caught;
    assert.equal(code, 'DEVICE');
    assert.match(message, /desk lamp.*failed/);
    assert.equal(at.topic, 't');
    assert.equal(steps(bench.progress).filter((step) => step < 0).length, 1);
    const payload = bench.progress.at(-1)?.payload;
    assert.ok(isRecord(payload));
    assert.equal(payload.step, -4);
    assert.match(String(payload.desc), /update failed/);
    assert.equal(statuses('ota').at(-1)?.text, 'miio-ota.status.failed');
  });

  it('puts the code of a device that refuses into the text and into msg.miio', async () => {
    await bench.start({}, {}, 'httpsOnly');
    const caught = nextError('errors');
    node('ota').receive({ payload: bench.file });
    const { code, message, at } = await caught;
    assert.equal(code, 'DEVICE');
    assert.match(message, /-33003/);
    assert.equal((at.miio as { code: number }).code, -33003);
  });

  it('keeps to its deadline, from the field or from the message', async () => {
    for (const [fields, message] of [
      [{ timeoutMs: '700' }, { timeoutMs: 60_000 }],
      [{ timeoutMs: '' }, { timeoutMs: 700 }],
    ] as const) {
      await bench.start(fields, {}, 'stuck');
      const caught = nextError('errors');
      node('ota').receive({ payload: bench.file, ...message } as never);
      const { code, message: text } = await caught;
      assert.equal(code, 'TIMEOUT');
      assert.match(text, /700 ms/);
      await bench.stop();
    }
  });

  it('installs the newest that comes meanwhile next, and lets go of the others in silence', async () => {
    const images: number[] = [];
    const firmwareOf = (image: Buffer) => {
      images.push(image.length);
      return `${images.length}.0.0`;
    };
    await bench.start({}, { stepMs: 100, restartMs: 100, firmwareOf });
    const errors: unknown[] = [];
    node('errors').on('input', (message) => errors.push(message));
    const results: unknown[] = [];
    const both = new Promise<void>((resolve) => {
      node('out').on('input', (message) => {
        if (results.push(message.payload) === 2) resolve();
      });
    });
    const letGo = nextMessage('completed');
    const ordered = nextMessage('progress');
    node('ota').receive({ payload: bench.file, aliyun: { version: '1.0.0' } } as never);
    await ordered;
    for (const version of ['1.5.0', '2.0.0']) {
      node('ota').receive({ payload: bench.file, aliyun: { version }, topic: version } as never);
    }
    assert.equal((await letGo).topic, '1.5.0');
    await both;
    assert.deepEqual(
      results.map((payload) => isRecord(payload) && payload.version),
      ['1.0.0', '2.0.0'],
    );
    assert.deepEqual([images.length, errors], [2, []]);
    assert.ok(steps(bench.progress).every((step) => step > 0));
    assert.ok(!bench.progress.some(({ topic }) => topic === '1.5.0'));
  });

  it('installs the next also when the one before it has failed', async () => {
    await bench.start({}, { stepMs: 100, restartMs: 100 }, 'failsToInstall');
    const caught = nextError('errors');
    const out = nextMessage('out');
    const ordered = nextMessage('progress');
    node('ota').receive({ payload: bench.file, aliyun: { version: '1.5.0' } } as never);
    await ordered;
    node('ota').receive({ payload: bench.file, aliyun: { version: '2.0.0' } } as never);
    assert.deepEqual((await caught).at.aliyun, { version: '1.5.0' });
    bench.device.faults.ota = null;
    assert.deepEqual((await out).aliyun, { version: '2.0.0' });
  });

  it('refuses the same firmware meanwhile, without telling the cloud that the first has failed', async () => {
    await bench.start({}, { stepMs: 100 });
    const out = nextMessage('out');
    const caught = nextError('errors');
    const ordered = nextMessage('progress');
    node('ota').receive({ payload: bench.file });
    await ordered;
    node('ota').receive({ payload: bench.file });
    assert.match((await caught).message, /under way/);
    await out;
    assert.ok(steps(bench.progress).every((step) => step > 0));
  });

  it('ends when the node is deployed again: CANCELLED, no -4, and nobody can fetch the file any more', async () => {
    await bench.start({}, {}, 'neverFetches');
    const ota = node('ota');
    const failed: string[] = [];
    ota.error = ((error: { code?: string }) => failed.push(error.code ?? '')) as never;
    const ordered = nextMessage('progress');
    ota.receive({ payload: bench.file });
    await ordered;
    ota.receive({ payload: bench.file, aliyun: { version: '2.0.0' } } as never);
    // It waits for its turn; messages travel in a later turn.
    await new Promise(setImmediate);
    await ota.close(false);
    assert.deepEqual(failed, ['CANCELLED', 'CANCELLED']);
    await assert.rejects(fetch(bench.appUrl));
    // Only now: messages travel in a later turn.
    assert.ok(steps(bench.progress).every((step) => step > 0));
  });
});
