/** Calls what somebody else has registered: whatever it throws is logged and goes no further. */
import { messageOf } from './errors';
import type { Logger } from './logger';

export function runListener(logger: Logger, label: string, listener: () => unknown): void {
  const failed = (error: unknown) => logger.debug(`${label}: a listener failed: ${messageOf(error)}`);
  try {
    const result = listener();
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}
