/** Processes that are killed (`kill -9`) while they fill an outbox and while they empty it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { FileStore } from '../../../../lib/aliyun/outbox';
import { emptied, numbers, outboxWith, post, useDirectory } from './posts';

/** So many may be under way. */
const WINDOW = 16;

describe('an outbox whose process is killed', function () {
  // On a busy machine each process takes seconds to start.
  this.timeout(60_000);

  const directory = useDirectory();
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** What a child told before it was killed, which happens when it has told `count`. */
  async function killedAfter(task: 'fill' | 'drain', count: number): Promise<number[]> {
    const file = join(__dirname, 'crash-child.ts');
    child = spawn(process.execPath, ['--import', 'tsx', file, task, directory.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const started = child;
    const ended = once(child, 'close');
    let told = '';
    child.stdout?.on('data', (data) => {
      told += data;
      if (told.split('\n').length > count) started.kill('SIGKILL');
    });
    const [, signal] = await ended;
    assert.equal(signal, 'SIGKILL');
    return told.trim().split('\n').map(Number);
  }

  /** Delivers what is left, in this process. */
  async function rest(): Promise<number[]> {
    const { outbox, delivered, warnings } = outboxWith({ store: new FileStore(directory.path) });
    outbox.open();
    outbox.resume();
    await emptied(outbox);
    await outbox.close();
    assert.deepEqual(warnings, []);
    return delivered;
  }

  for (const count of [1, 100, 1_500]) {
    it(`has everything that it accepted before, in order: killed after ${count}`, async () => {
      const accepted = await killedAfter('fill', count);
      const delivered = await rest();
      // The last ones may have been safe before their process could say so.
      assert.deepEqual(delivered, numbers(delivered.length));
      assert.ok(delivered.length >= accepted.length, `${delivered.length} of ${accepted.length}`);
    });
  }

  it('delivers each once, but for the 16 that were under way: killed again and again', async () => {
    const count = 2_000;
    const { outbox } = outboxWith({ store: new FileStore(directory.path) });
    await Promise.all(numbers(count).map((n) => outbox.add(post(n))));
    await outbox.close();
    const lives = [
      await killedAfter('drain', 1),
      await killedAfter('drain', 100),
      await killedAfter('drain', 200),
    ];
    lives.push(await rest());
    let next = 0;
    for (const [life, delivered] of lives.entries()) {
      const from = delivered[0] ?? next;
      assert.ok(
        from === next || (life > 0 && from < next && from >= next - WINDOW),
        `life ${life} begins with ${from}, not ${next}`,
      );
      assert.deepEqual(delivered, numbers(delivered.length, from), `life ${life}`);
      next = from + delivered.length;
    }
    assert.equal(next, count);
  });
});
