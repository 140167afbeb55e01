/**
 * Waits until one of `events` settles or `ms` milliseconds have passed; true if the time was over first. The timer
 * does not outlive the wait.
 */
export async function timePassed(ms: number, ...events: Promise<unknown>[]): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<true>((resolve) => {
    timer = setTimeout(() => resolve(true), ms);
  });
  const happened = Promise.all([Promise.race(events)]).then(
    () => false as const,
    () => false as const,
  );
  try {
    return await Promise.race([time, happened]);
  } finally {
    clearTimeout(timer);
  }
}

/** A promise to be settled from outside. */
export interface Deferred<Value> {
  promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: Error): void;
}

/** `Promise.withResolvers`, which Node has since version 22. */
export function withResolvers<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = ignore;
  let reject: (error: Error) => void = ignore;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** The same, and nobody has to handle its rejection. */
export function deferred<Value>(): Deferred<Value> {
  const made = withResolvers<Value>();
  made.promise.catch(ignore);
  return made;
}

function ignore(): void {}
