/**
 * The device's log in the cloud, which takes it only while somebody has switched it on in the console:
 *
 *   unknown ──asked at each connect──> on │ off        on, off ──the cloud's push──> on │ off
 *   any ──the connection breaks──> unknown
 *
 *   on       sent, one lot after the other        off   dropped and counted
 *   unknown  kept, up to 1000; then the oldest is dropped and counted
 *
 *   SYS/thing/config/log/get   {"configScope":"device","getType":"content"} -> {"getType":"content","content":{"mode":0|1}}
 *   SYS/thing/config/log/push  the same content, from the cloud
 *   SYS/thing/log/post         [{"utcTime","logLevel","module","code","traceContext","logContent"}, …]
 *
 * Source: Alibaba Cloud IoT Platform, "Submit device logs" (40 entries and 4096 bytes of content at most).
 */
import { EventEmitter } from 'node:events';
import { type ErrorCode, MialinkError } from '../../errors';
import { runListener } from '../../listener';
import { silentLogger } from '../../logger';
import { isRecord } from '../../untrusted';
import type { CloudChannel } from '../channel';
import { requestTopic } from '../topics';
import { type LogEntry, type LogItem, logItem, lotLength } from './log-entry';

/** Whether the cloud takes the log. */
export type LogMode = 'unknown' | 'on' | 'off';

export interface DeviceLogEvents {
  mode: [LogMode];
  /** The cloud has refused so many entries, which are lost; 0: it did not say whether it takes any. */
  failed: [MialinkError, number];
}

const MOST_WAITING = 1_000;
const BAD_PARAMETER = 460;
const ASKING = 'log switch';
const CONNECTIONS_OWN: readonly ErrorCode[] = ['TRANSPORT', 'AUTH', 'CANCELLED'];

export class DeviceLog extends EventEmitter<DeviceLogEvents> {
  private current: LogMode = 'unknown';
  private waiting: LogItem[] = [];
  private isTalking = false;
  private droppedSoFar = 0;
  private readonly stops: (() => void)[];

  constructor(private readonly channel: CloudChannel) {
    super();
    // Every node of a flow listens.
    this.setMaxListeners(0);
    this.stops = [
      channel.serve('thing.config.log.push', ({ params }) => this.pushed(params)),
      channel.onConnect(() => {
        this.change('unknown');
        void this.talk();
      }),
    ];
  }

  get mode(): LogMode {
    return this.current;
  }

  /** How many entries the cloud did not want, or there was no room for. */
  get dropped(): number {
    return this.droppedSoFar;
  }

  /** Sends the entries as soon as the cloud takes them. Failures are told by the event `failed`. */
  post(entries: readonly LogEntry[]): void {
    const now = Date.now();
    this.keep(entries.map((entry) => logItem(entry, now)));
    void this.talk();
  }

  /** Drops what waits; nothing is sent any more. */
  close(): void {
    for (const stop of this.stops) stop();
    this.waiting = [];
    this.removeAllListeners();
  }

  private pushed(params: unknown): { code: number } | undefined {
    const mode = modeOf(params);
    if (mode === undefined) return { code: BAD_PARAMETER };
    this.change(mode);
    void this.talk();
    return undefined;
  }

  private keep(items: LogItem[]): void {
    this.waiting.push(...items);
    const room = this.current === 'off' ? 0 : MOST_WAITING;
    this.droppedSoFar += this.waiting.splice(0, Math.max(0, this.waiting.length - room)).length;
  }

  private change(mode: LogMode): void {
    if (mode === this.current) return;
    this.current = mode;
    this.keep([]);
    this.tell(() => this.emit('mode', mode));
  }

  /** One request at a time, as long as there is something to say. */
  private async talk(): Promise<void> {
    if (this.isTalking) return;
    this.isTalking = true;
    let goesOn = true;
    while (goesOn) {
      if (this.current === 'unknown') goesOn = await this.ask();
      else if (this.current === 'on' && this.waiting.length > 0) goesOn = await this.send();
      else goesOn = false;
    }
    this.isTalking = false;
  }

  /** False if there is no answer: the next connect or the next entries ask again. */
  private async ask(): Promise<boolean> {
    const { channel } = this;
    const params = { configScope: 'device', getType: 'content' };
    try {
      const { data } = await channel.request('thing.config.log.get', params, { operation: ASKING });
      const mode = modeOf(data);
      if (mode === undefined) {
        const topic = requestTopic(channel.identity, 'thing.config.log.get');
        throw new MialinkError('downlinkMalformed', {
          device: channel.label,
          topic,
          cause: 'it has no mode',
        });
      }
      this.change(mode);
      return true;
    } catch (error) {
      this.fail(error, 0);
      return false;
    }
  }

  /** False if the connection broke: then the lot goes after the next connect. */
  private async send(): Promise<boolean> {
    const lot = this.waiting.splice(0, lotLength(this.waiting));
    try {
      await this.channel.request('thing.log.post', lot, { operation: 'log post' });
      return true;
    } catch (error) {
      if (this.fail(error, lot.length)) return true;
      this.waiting.unshift(...lot);
      this.change('unknown');
      return false;
    }
  }

  /** Tells what the cloud has to do with; false for what is the connection's, whose state tells it. */
  private fail(error: unknown, count: number): boolean {
    if (!(error instanceof MialinkError) || CONNECTIONS_OWN.includes(error.code)) return false;
    this.tell(() => this.emit('failed', error, count));
    return true;
  }

  private tell(listener: () => unknown): void {
    runListener(silentLogger, this.channel.label, listener);
  }
}

function modeOf(value: unknown): LogMode | undefined {
  const mode = isRecord(value) && isRecord(value.content) ? value.content.mode : undefined;
  if (mode === 1 || mode === '1') return 'on';
  return mode === 0 || mode === '0' ? 'off' : undefined;
}
