/** What a device needs of the cloud around it, so that it knows neither broker nor servers. */
import type { Session } from './broker';
import type { ServeFirmware } from './firmware-notice';
import type { Knobs } from './knobs';

/** One line of the log: a message, up from the device or down to it. */
export interface LogEntry {
  time: number;
  deviceName: string;
  direction: 'up' | 'down';
  method: string;
  id: string;
  /** Of the answer; null where there is none. */
  code: number | null;
}

/** What a device needs of the cloud around it. */
export interface Platform {
  readonly knobs: Readonly<Knobs>;
  /** Sends a reply, subject to the knobs. */
  reply(topic: string, payload: string | Buffer): void;
  /** To all who subscribed and may have it. */
  publish(topic: string, payload: string | Buffer, qos: 0 | 1): void;
  serve: ServeFirmware;
  kick(session: Session): void;
  cut(session: Session): void;
  freeze(session: Session): void;
  note(entry: LogEntry): void;
}
