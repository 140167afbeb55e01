/**
 * A device that takes an update as a test pulls its strings. What it answers is a list for each method, the last entry
 * again and again; an Error in it is thrown.
 */
import sinon from 'sinon';
import { MialinkError } from '../../../../lib/errors';
import type { Answer, CallOptions } from '../../../../lib/miio';
import type { Upgradable } from '../../../../lib/miio/ota';

interface Order {
  app_url: string;
  file_md5: string;
}

export const LABEL = 'desk lamp (127.0.0.1)';
export const silence = () => new MialinkError('noAnswer', { device: LABEL, method: 'any', timeoutMs: 5000 });

export class Puppet implements Upgradable {
  readonly label = LABEL;
  readonly upgrade: Upgradable['upgrade'] = { state: 'none' };
  address = '127.0.0.1';
  bindAddress = '';
  /** Every call, in order. */
  readonly calls: string[] = [];
  readonly orders: Order[] = [];
  /** What it got at each fetch of the whole file. */
  readonly images: Buffer[] = [];
  answers: Record<string, unknown[]> = {
    'miIO.get_ota_state': [['idle']],
    'miIO.get_ota_progress': [[101]],
    'miIO.info': [{ fw_ver: '1.0.0', life: 1000 }],
    'miIO.ota': [['ok']],
  };
  /** What it does with an order it has got, before it answers. */
  onOrder: (url: string) => unknown = () => {};
  /** Called before each answer to `miIO.get_ota_state`. */
  onLook: (looks: number) => void = () => {};
  private looks = 0;

  call(method: string, params: unknown = [], { signal }: CallOptions = {}): Promise<Answer> {
    this.calls.push(method);
    return new Promise((resolve, reject) => {
      const abort = () => reject(new MialinkError('aborted', { device: LABEL }));
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.answer(method, params)
        .then((result) => resolve({ result, id: 1, durationMs: 1 }), reject)
        .finally(() => signal?.removeEventListener('abort', abort));
    });
  }

  /** From now on it says `states`, one after the other. */
  says(...states: unknown[]): void {
    this.answers['miIO.get_ota_state'] = states.map((state) => (typeof state === 'string' ? [state] : state));
  }

  /** It has restarted with this version. */
  runs(version: string, uptimeS = 1): void {
    this.answers['miIO.info'] = [{ fw_ver: version, life: uptimeS }];
  }

  async fetch(url: string): Promise<void> {
    this.images.push(Buffer.from(await (await fetch(url)).arrayBuffer()));
  }

  private async answer(method: string, params: unknown): Promise<unknown> {
    if (method === 'miIO.get_ota_state') this.onLook(++this.looks);
    if (method === 'miIO.ota') {
      const order = params as Order;
      this.orders.push(order);
      await this.onOrder(order.app_url);
    }
    const answers = this.answers[method] ?? [];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

/** The clock of uptimes and of patience; what it gives makes that clock jump ahead, to the end of the test. */
export function skippingTime(): (ms: number) => void {
  const now = performance.now.bind(performance);
  let skippedMs = 0;
  sinon.stub(performance, 'now').callsFake(() => now() + skippedMs);
  return (ms) => {
    skippedMs += ms;
  };
}

/** One that installs whatever it is given, as `2.0.0`. */
export function willing(): Puppet {
  const puppet = new Puppet();
  puppet.onOrder = async (url) => {
    await puppet.fetch(url);
    puppet.says('downloading', 'installing', 'idle');
    puppet.runs('2.0.0');
  };
  return puppet;
}
