/**
 * A device as the properties see it: without network, strict about the form of requests, with the limits and the moods
 * of real firmware. Silence takes as long as the caller would wait, so use it with fake timers.
 */
import assert from 'node:assert/strict';
import { MialinkError } from '../../../../lib/errors';
import type { Caller, CallOptions } from '../../../../lib/miio';

interface Sent {
  method: string;
  params: unknown;
  options: CallOptions;
}

interface Wanted {
  did: string;
  siid: number;
  piid: number;
  value?: unknown;
}

export class FakeDevice implements Caller {
  readonly label = 'Lamp';
  readonly address = '10.0.0.5';
  readonly sent: Sent[] = [];
  /** MIoT properties by `siid.piid`, classic ones by name. */
  readonly values = new Map<string, unknown>();
  /** More items than that are refused with -9999, or met with silence. */
  most = Number.POSITIVE_INFINITY;
  tooMany: 'refused' | 'silent' = 'refused';
  /** More items than that are left out of an answer about MIoT properties. */
  mostAnswered = Number.POSITIVE_INFINITY;
  /** How long it takes to say -9999; a real one 4 s. With fake timers. */
  refusalMs = 0;
  /** Keys with which a request is refused with -9999. */
  readonly poison = new Set<string>();
  away = false;
  /** Answers by method in place of the built-in ones; a thrown error is the call's. */
  readonly methods = new Map<string, (params: unknown) => unknown>();

  /** How many items each request had. */
  get sizes(): number[] {
    return this.sent.map(({ params }) => (Array.isArray(params) ? params.length : 1));
  }

  /** MIoT properties 2.1, 2.2 ... with values 1, 2 ... */
  withMiot(count: number): this {
    for (let piid = 1; piid <= count; piid++) this.values.set(`2.${piid}`, piid);
    return this;
  }

  async call(method: string, params: unknown = [], options: CallOptions = {}) {
    this.sent.push({ method, params, options });
    assert.ok(options.signal?.aborted !== true, 'nothing is sent after an abort');
    if (this.away) return this.silence(method, options);
    return { result: await this.answer(method, params, options), id: this.sent.length, durationMs: 1 };
  }

  refusal(method: string, code: number, message: string): MialinkError {
    const values = { device: this.label, method, answer: `${code} ${message}` };
    return new MialinkError('deviceRefused', values, { peer: { code, message } });
  }

  private answer(method: string, params: unknown, options: CallOptions): unknown {
    const special = this.methods.get(method);
    if (special) return special(params);
    assert.ok(Array.isArray(params) && params.length > 0, `${method} has params`);
    const keys = method.endsWith('_properties') ? params.map(keyOf) : params.map(String);
    if (keys.some((key) => this.poison.has(key))) return this.unheard(method, options);
    if (keys.length > this.most) {
      return this.tooMany === 'silent' ? this.silence(method, options) : this.unheard(method, options);
    }
    if (method === 'get_prop') return keys.map((key) => this.values.get(key) ?? null);
    if (method === 'get_properties') return params.map((item) => this.get(item)).slice(0, this.mostAnswered);
    if (method === 'set_properties') return params.map((item) => this.set(item)).slice(0, this.mostAnswered);
    throw this.refusal(method, -32_601, 'Method not found.');
  }

  private get(item: Wanted): object {
    const key = keyOf(item);
    assert.deepEqual(Object.keys(item), ['did', 'siid', 'piid']);
    const known = this.values.has(key);
    return known ? { ...item, code: 0, value: this.values.get(key) } : { ...item, code: -4003 };
  }

  private set({ value, ...item }: Wanted): object {
    if (!this.values.has(keyOf(item))) return { ...item, code: -4003 };
    this.values.set(keyOf(item), value);
    return { ...item, code: 1 };
  }

  private async unheard(method: string, options: CallOptions): Promise<never> {
    if (this.refusalMs > (options.timeoutMs ?? 10_000)) return this.silence(method, options);
    if (this.refusalMs > 0) await new Promise((resolve) => setTimeout(resolve, this.refusalMs));
    throw this.refusal(method, -9999, 'user ack timeout');
  }

  private async silence(method: string, { timeoutMs = 10_000 }: CallOptions): Promise<never> {
    await new Promise((resolve) => setTimeout(resolve, timeoutMs));
    throw new MialinkError('noAnswer', { device: this.label, method, timeoutMs });
  }
}

/** MIoT properties 2.1, 2.2 ... by the names p1, p2 ... */
export function properties(count: number) {
  return Array.from({ length: count }, (_, index) => ({ name: `p${index + 1}`, siid: 2, piid: index + 1 }));
}

function keyOf({ did, siid, piid }: Wanted): string {
  assert.ok(typeof did === 'string' && did.length > 0 && did.length < 32, 'a did is a short text');
  return `${siid}.${piid}`;
}
