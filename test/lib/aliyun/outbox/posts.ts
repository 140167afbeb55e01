/** Posts that are told apart by a number, and what the outbox tests have in common. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, Outbox, type OutboxEntry, type OutboxOptions } from '../../../../lib/aliyun/outbox';
import { Backoff } from '../../../../lib/backoff';
import { MialinkError } from '../../../../lib/errors';
import { isRecord } from '../../../../lib/untrusted';

export function post(n: number, acceptedAt = Date.now()): OutboxEntry {
  return {
    kind: 'property',
    method: 'thing.event.property.post',
    operation: 'property post',
    params: { n },
    acceptedAt,
    source: 'node-1',
  };
}

export function numberOf({ params }: OutboxEntry): number {
  if (!isRecord(params) || typeof params.n !== 'number') throw new Error('this post has no number');
  return params.n;
}

/** From 0 on. */
export const numbers = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, n) => from + n);

/** What the cloud answers. */
export function refusal(code: number): MialinkError {
  const peer = { code, message: 'no' };
  return new MialinkError('cloudRefused', { device: 'Lamp', operation: 'post', ...peer }, { peer });
}

/** An outbox that delivers to `delivered`, and what it has said. Its tries are 1 s, 2 s, … 60 s apart. */
export function outboxWith(options: Partial<OutboxOptions> = {}) {
  const delivered: number[] = [];
  const warnings: MialinkError[] = [];
  const refused: [number, unknown][] = [];
  const dropped: number[] = [];
  const outbox = new Outbox({
    store: new MemoryStore(),
    deliver: async (entry) => delivered.push(numberOf(entry)),
    mayGoNow: () => true,
    label: 'Lamp',
    logger: { debug() {}, warn: (problem) => warnings.push(problem) },
    maxBytes: 100 * 1024 * 1024,
    maxAgeMs: 0,
    retry: new Backoff(1_000, 60_000, () => 0),
    ...options,
  });
  outbox.on('refused', (entry, problem) => refused.push([numberOf(entry), problem.peer?.code]));
  outbox.on('dropped', (count) => dropped.push(count));
  return { outbox, delivered, warnings, refused, dropped };
}

/** Resolves when nothing is kept any more. */
export function emptied(outbox: Outbox): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (outbox.isEmpty) resolve();
      else outbox.once('change', look);
    };
    look();
  });
}

/** A directory that is removed after each test of the suite that calls this. */
export function useDirectory(): { readonly path: string } {
  const directory = { path: '' };
  beforeEach(async () => {
    directory.path = await mkdtemp(join(tmpdir(), 'outbox-'));
  });
  afterEach(() => rm(directory.path, { recursive: true, force: true }));
  return directory;
}
