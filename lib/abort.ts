/** Work that ends with an AbortSignal of its caller. */
import { setMaxListeners } from 'node:events';

/**
 * Calls `listener`, once, when the signal is aborted, until the returned function is called. Any number of calls may
 * end with one signal: that is no leak, of which Node would warn on the user's stderr.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  // One that is not Node's own, of jsdom say, never warns, and bears no other number.
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
