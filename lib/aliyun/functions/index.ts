/** The functions of the platform that need one owner in a device. Each is made when it is first used. */
import type { CloudChannel } from '../channel';
import { CloudClock } from './cloud-time';
import { DeviceLog } from './device-log';
import { RawData } from './raw-data';
import { Rrpc } from './rrpc';
import { Shadow } from './shadow';

export class Functions {
  private madeShadow: Shadow | undefined;
  private madeRawData: RawData | undefined;
  private madeClock: CloudClock | undefined;
  private madeRrpc: Rrpc | undefined;
  private madeLog: DeviceLog | undefined;

  constructor(private readonly channel: CloudChannel) {}

  /** One request at a time, as its replies have no id. */
  get shadow(): Shadow {
    this.madeShadow ??= new Shadow(this.channel);
    return this.madeShadow;
  }

  /** One request at a time, as its replies have no id. */
  get rawData(): RawData {
    this.madeRawData ??= new RawData(this.channel);
    return this.madeRawData;
  }

  get cloudClock(): CloudClock {
    this.madeClock ??= new CloudClock(this.channel);
    return this.madeClock;
  }

  get rrpc(): Rrpc {
    this.madeRrpc ??= new Rrpc(this.channel);
    return this.madeRrpc;
  }

  /** One buffer, and one switch in the cloud. */
  get deviceLog(): DeviceLog {
    this.madeLog ??= new DeviceLog(this.channel);
    return this.madeLog;
  }

  close(): void {
    for (const made of [this.madeShadow, this.madeRawData, this.madeClock, this.madeRrpc, this.madeLog]) {
      made?.close();
    }
  }
}
