/**
 * The firmware tasks of one device, one for each of its modules.
 *
 *   pushed --progress--> upgrading --target version informed--> succeeded
 *      \______________________\------a negative step----------> failed
 *
 * An open task is offered once per connection, as soon as the device has informed a version of the module and subscribed
 * the upgrade topic; "100" ends nothing. Each time the notice has a freshly signed URL.
 * Source: reference/aliyun.md 5.1, 5.2, 5.5.
 */
import { isObject, type JsonObject, parseObject } from './alink';
import { describeFirmware, type Firmware, type Shelves } from './firmware-notice';
import { append } from './recent';

export interface Upgrade {
  version: string;
  module: string;
  state: 'pushed' | 'upgrading' | 'succeeded' | 'failed';
}

export interface Progress {
  module: string;
  step: string;
  desc: string;
}

interface Task {
  upgrade: Upgrade;
  firmware: Firmware;
  /** Made with the task, for whoever gets it first. */
  notice: JsonObject | null;
  /** The connection that was offered it. */
  offeredTo: object | null;
}

const DEFAULT_MODULE = 'default';
const STEP = /^(?:[1-9]\d?|100|-[1-4])$/;

export class Ota {
  private readonly informed = new Map<string, string>();
  /** By module. */
  private readonly tasks = new Map<string, Task>();
  private latest: Task | null = null;
  /** Oldest first. */
  readonly progress: Progress[] = [];

  constructor(private readonly shelves: Shelves) {}

  get versions(): Record<string, string> {
    return Object.fromEntries(this.informed);
  }

  /** The last of each module. */
  get upgrades(): Record<string, Upgrade> {
    return Object.fromEntries([...this.tasks].map(([module, { upgrade }]) => [module, upgrade]));
  }

  /** The last that was begun, of any module. */
  get upgrade(): Upgrade | null {
    return this.latest?.upgrade ?? null;
  }

  /** Replaces the task of this module before it, open or not. */
  begin(firmware: Firmware): { url: string } {
    const { version, module = DEFAULT_MODULE } = firmware;
    const { notice, url } = describeFirmware(firmware, this.shelves);
    this.latest = { upgrade: { version, module, state: 'pushed' }, firmware, notice, offeredTo: null };
    this.tasks.set(module, this.latest);
    return { url };
  }

  /** The notices for `connection`; none when there is nothing to say to it (any more). */
  offer(connection: object): string[] {
    const waiting = [...this.tasks.values()].filter(
      (task) => isOpen(task) && task.offeredTo !== connection && this.informed.has(task.upgrade.module),
    );
    return waiting.map((task) => {
      task.offeredTo = connection;
      return this.envelope(task);
    });
  }

  /** The answer to `thing/ota/firmware/get`: the `data` of the reply, empty when nothing is to do. */
  pull(params: unknown): object {
    const module = isObject(params) && typeof params.module === 'string' ? params.module : DEFAULT_MODULE;
    const task = this.tasks.get(module);
    return task && isOpen(task) ? this.noticeOf(task) : {};
  }

  /** The answer to `/ota/device/request`, for the upgrade topic; null when nothing is to do or the body is wrong. */
  request(payload: Buffer): string | null {
    const params = parseObject(payload)?.params;
    if (!isObject(params) || typeof params.version !== 'string') return null;
    const { module } = params;
    const task = [...this.tasks.values()].find(
      (one) => isOpen(one) && (module === undefined || module === one.upgrade.module),
    );
    return task ? this.envelope(task) : null;
  }

  /** Takes `/ota/device/inform`; null when the body is wrong. */
  inform(payload: Buffer): { module: string; version: string } | null {
    const params = readParams(payload);
    if (!params || typeof params.version !== 'string' || params.version === '') return null;
    const { module, version } = params;
    this.informed.set(module, version);
    const task = this.tasks.get(module);
    if (task?.upgrade.version === version && isOpen(task)) enter(task, 'succeeded');
    return { module, version };
  }

  /** Takes `/ota/device/progress`; null when the body is wrong. `step` is a string, by the document. */
  report(payload: Buffer): Progress | null {
    const params = readParams(payload);
    if (!params || typeof params.step !== 'string' || !STEP.test(params.step)) return null;
    const { module, step } = params;
    const progress = { module, step, desc: typeof params.desc === 'string' ? params.desc : '' };
    append(this.progress, progress);
    const task = this.tasks.get(module);
    if (task && isOpen(task)) enter(task, step.startsWith('-') ? 'failed' : 'upgrading');
    return progress;
  }

  private noticeOf(task: Task): JsonObject {
    const notice = task.notice ?? describeFirmware(task.firmware, this.shelves).notice;
    task.notice = null;
    return notice;
  }

  /** Here `code` is a string and `id` a number, unlike in Alink. */
  private envelope(task: Task): string {
    return JSON.stringify({ code: '1000', data: this.noticeOf(task), id: Date.now(), message: 'success' });
  }
}

function isOpen({ upgrade: { state } }: Task): boolean {
  return state === 'pushed' || state === 'upgrading';
}

/** A new object: whoever has looked at the former keeps what he saw. */
function enter(task: Task, state: Upgrade['state']): void {
  task.upgrade = { ...task.upgrade, state };
}

function readParams(payload: Buffer): (JsonObject & { module: string }) | null {
  const body = parseObject(payload);
  if (!body || typeof body.id !== 'string' || !isObject(body.params)) return null;
  const { module = DEFAULT_MODULE } = body.params;
  return typeof module === 'string' ? { ...body.params, module } : null;
}
