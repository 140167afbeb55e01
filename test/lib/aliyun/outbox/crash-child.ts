/**
 * A process that works with the outbox in the directory that it is given until it is killed. What it has done it writes
 * to its standard output, by calls that have happened when they return, so that nothing of it dies with the process.
 *
 *   fill    adds posts 0, 1, 2, …, eight at a time; tells each that was accepted
 *   drain   delivers what is kept; tells each before the reply to it
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileStore, type OutboxEntry } from '../../../../lib/aliyun/outbox';
import { numberOf, numbers, outboxWith, post } from './posts';

const [task, path = ''] = process.argv.slice(2);

/** A parent that is too busy to read is waited for. */
function tell(n: number): void {
  try {
    writeSync(1, `${n}\n`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    tell(n);
  }
}

async function fill(): Promise<void> {
  const { outbox } = outboxWith({ store: new FileStore(path) });
  for (let from = 0; ; from += 8) {
    await Promise.all(numbers(8, from).map((n) => outbox.add(post(n)).then(() => tell(n))));
  }
}

function drain(): void {
  const deliver = async (entry: OutboxEntry) => {
    tell(numberOf(entry));
    // Or everything would be over before the parent gets to kill it.
    await sleep(1);
  };
  outboxWith({ store: new FileStore(path), deliver }).outbox.resume();
}

if (task === 'fill') void fill();
else drain();
