/**
 * The log that one device keeps in the cloud, while the cloud wants it.
 *
 *   up    thing/config/log/get    params {"configScope":"device","getType":"content"}
 *                                 -> data {"getType":"content","content":{"mode":0|1}}
 *   down  thing/config/log/push   params {"getType":"content","content":{"mode":0|1}}
 *   up    thing/log/post          params [{"utcTime","logLevel","module","code","traceContext","logContent"}]
 *
 * Source: reference/aliyun.md 7. What answers a post in mode 0 is not documented: 460 here.
 */
import { Refusal } from '../alink';
import { array, limit, object, text } from '../params';
import { append } from '../recent';
import type { Handlers } from '../requests';

export interface DeviceLogEntry {
  utcTime: string;
  logLevel: string;
  module: string;
  code: string;
  traceContext: string;
  logContent: string;
}

/** 0: nothing is wanted. */
export type LogMode = 0 | 1;

const MAX_ENTRIES = 40;
const MAX_CONTENT_BYTES = 4096;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}$/;
const LEVEL = /^(?:DEBUG|INFO|WARN|ERROR|FATAL|OTHER)$/;

export class DeviceLog {
  mode: LogMode = 0;
  /** Oldest first. */
  readonly entries: DeviceLogEntry[] = [];

  readonly handlers: Handlers = {
    'thing/config/log/get': (params) => {
      const { configScope, getType } = object(params);
      if (getType !== 'content') throw new Refusal(6717, 'getType must be content');
      if (configScope !== 'device') throw new Refusal(6718, 'configScope must be device');
      return this.configuration;
    },
    'thing/log/post': (params) => this.store(params),
  };

  /** As told to the device. */
  get configuration(): object {
    return { getType: 'content', content: { mode: this.mode } };
  }

  private store(params: unknown): object {
    if (this.mode === 0) throw new Refusal(460, 'the log of this device is switched off');
    const list = array(params);
    limit(list.length, MAX_ENTRIES, 460, 'log entries');
    for (const entry of list.map(readEntry)) append(this.entries, entry);
    return {};
  }
}

function readEntry(value: unknown): DeviceLogEntry {
  const entry = object(value);
  const logContent = text(entry.logContent, /^/, 'logContent');
  if (Buffer.byteLength(logContent) > MAX_CONTENT_BYTES) {
    throw new Refusal(460, 'params: logContent is above 4096 bytes');
  }
  return {
    utcTime: text(entry.utcTime, TIME, 'utcTime'),
    logLevel: text(entry.logLevel, LEVEL, 'logLevel'),
    module: text(entry.module, /^/, 'module'),
    code: text(entry.code, /^/, 'code'),
    traceContext: text(entry.traceContext ?? '', /^/, 'traceContext'),
    logContent,
  };
}
