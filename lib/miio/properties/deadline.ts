/** The time that one operation has for all of its requests. */
import { MialinkError } from '../../errors';

export class Deadline {
  private readonly endsAt: number;

  /** `device` is what texts call the device. */
  constructor(
    private readonly device: string,
    private readonly timeoutMs: number,
  ) {
    this.endsAt = performance.now() + timeoutMs;
  }

  get isOver(): boolean {
    return performance.now() >= this.endsAt;
  }

  /** Whole milliseconds for a request of `method`; throws `noAnswer` when there are none: nothing is sent any more. */
  timeLeft(method: string): number {
    const left = Math.ceil(this.endsAt - performance.now());
    if (left > 0) return left;
    throw this.passed(method);
  }

  /** What is told of a request that it came too early for. */
  passed(method: string): MialinkError {
    return new MialinkError('noAnswer', { device: this.device, method, timeoutMs: this.timeoutMs });
  }

  /** Nobody outside knows of single requests: a time limit in a text is that of the operation. */
  ofWhole(error: MialinkError): MialinkError {
    if (!('timeoutMs' in error.values)) return error;
    const values = { ...error.values, timeoutMs: this.timeoutMs };
    return new MialinkError(error.reason, values, { cause: error.cause, peer: error.peer });
  }
}
