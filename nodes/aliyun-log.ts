/** aliyun-log: writes to the device's log in the cloud, as long as it is switched on there. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import type { DeviceLog, LogMode } from '../lib/aliyun/functions/device-log';
import { isAtLeast, isLogLevel, type LogEntry, type LogLevel } from '../lib/aliyun/functions/log-entry';
import { MialinkError } from '../lib/errors';
import { ChosenDevice } from './device-sharing';
import { readLogEntry } from './log-payload';
import { asText, inUsersLanguage, type Message, onInput } from './runtime';
import { type LOG, StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  level?: string;
  module?: string;
}

const LIGHTS = {
  unknown: 'log-unknown',
  on: 'log-on',
  off: 'log-off',
} as const satisfies Record<LogMode, keyof typeof LOG>;

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-log', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    let followed: DeviceLog | undefined;
    const show = (mode: LogMode) => light.showLog(LIGHTS[mode]);
    const tell = (problem: MialinkError) => {
      light.show('failed');
      const about: Partial<Message> = { aliyun: { ...problem.peer } };
      this.error(inUsersLanguage(RED, problem), about as Message);
    };

    const started = () => {
      const least = leastOf(this, config);
      const { deviceLog, label } = chosen.acquire();
      if (followed !== deviceLog) {
        followed = deviceLog.on('mode', show).on('failed', tell);
        show(deviceLog.mode);
      }
      return { deviceLog, label, least };
    };

    const write = (payload: unknown) => {
      const { deviceLog, label, least } = started();
      try {
        deviceLog.post(entriesIn(payload, asText(config.module), label).filter(isAtLeast(least)));
        show(deviceLog.mode);
      } catch (error) {
        light.show('failed');
        throw error;
      }
    };

    chosen.orShow(started);
    onInput(
      RED,
      this,
      async (message) => write(message.payload),
      () => {
        followed?.off('mode', show).off('failed', tell);
        return chosen.release();
      },
    );
  }
}

/** One entry or an array of them, all of this module if there is one. Throws `payloadInvalid`. */
function entriesIn(payload: unknown, moduleName: string, device: string): LogEntry[] {
  const values = Array.isArray(payload) ? payload : [payload];
  const entries = values.map((value) => readLogEntry(value, device));
  return moduleName === '' ? entries : entries.map((entry) => ({ ...entry, module: moduleName }));
}

/** The level from which on entries are written. */
function leastOf(node: Node, config: Config): LogLevel {
  const value = asText(config.level).toUpperCase() || 'DEBUG';
  if (isLogLevel(value)) return value;
  const rule = 'one of DEBUG, INFO, WARN, ERROR, FATAL';
  throw new MialinkError('settingInvalid', { device: node.name || node.type, field: 'level', rule, value });
}
