/**
 * A process that is not allowed to write files as large as its outbox becomes: its disk is full, as it were. Tells as
 * JSON what happened to each post and what its outbox holds.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileStore } from '../../../../lib/aliyun/outbox';
import { MialinkError } from '../../../../lib/errors';
import { emptied, numbers, outboxWith, post } from './posts';

const [path = ''] = process.argv.slice(2);

const text = 'x'.repeat(10_000);

async function main(): Promise<void> {
  const store = new FileStore(path);
  const { outbox, delivered } = outboxWith({ store });
  const reasons: string[] = [];
  const add = async (n: number): Promise<boolean> => {
    try {
      await outbox.add({ ...post(n), params: { n, text } });
      return true;
    } catch (error) {
      reasons.push(error instanceof MialinkError ? error.message : String(error));
      return false;
    }
  };
  const accepted: number[] = [];
  for (const n of numbers(20)) if (await add(n)) accepted.push(n);
  const [segment = ''] = readdirSync(path).filter((name) => name.endsWith('.log'));
  const { size } = statSync(join(path, segment));
  const { bytes } = store;
  outbox.resume();
  await emptied(outbox);
  await outbox.close();
  process.stdout.write(JSON.stringify({ accepted, delivered, reasons, size, bytes }));
}

void main();
