/**
 * One writer per file: two nodes that are sent the same firmware into one directory would otherwise write into each
 * other's file. The second waits, and then finds the verified file.
 */
const writers = new Map<string, Promise<unknown>>();

/** Runs `work` when nobody else works on `path`. Rejects with the signal's reason when it is aborted while waiting. */
export async function exclusively<Value>(
  path: string,
  signal: AbortSignal | undefined,
  work: () => Promise<Value>,
): Promise<Value> {
  for (let other = writers.get(path); other; other = writers.get(path)) {
    await settledOrAborted(other, signal);
    signal?.throwIfAborted();
  }
  const mine = work();
  writers.set(path, mine);
  try {
    return await mine;
  } finally {
    writers.delete(path);
  }
}

function settledOrAborted(other: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      signal?.removeEventListener('abort', end);
      resolve();
    };
    signal?.addEventListener('abort', end);
    other.then(end, end);
  });
}
