/** The functions of the platform for one device, and what they answer to its requests. */

import { Ota } from '../ota';
import type { Platform } from '../platform';
import type { Handlers } from '../requests';
import type { DeviceIdentity } from '../sign';
import { Thing } from '../thing';
import { DeviceLog } from './device-log';
import { Diagnosis } from './diagnosis';
import { Jobs } from './jobs';
import { Model } from './model';
import { RemoteConfig } from './remote-config';
import { Shadow } from './shadow';
import { Streams } from './streams';
import { Tags } from './tags';

export class Functions {
  readonly model: Model;
  readonly thing: Thing;
  readonly ota: Ota;
  readonly config: RemoteConfig;
  readonly shadow = new Shadow();
  readonly tags = new Tags();
  readonly log = new DeviceLog();
  readonly diagnosis = new Diagnosis();
  readonly jobs = new Jobs();
  readonly streams = new Streams();
  /** How often the device asked to be unbound. */
  resets = 0;

  constructor(identity: DeviceIdentity, platform: Platform) {
    this.model = new Model(() => platform.knobs.validation);
    this.thing = new Thing(identity, this.model);
    this.ota = new Ota({ serve: platform.serve, stream: (content) => this.streams.add(content) });
    this.config = new RemoteConfig(platform.serve, () => platform.knobs.configOff);
  }

  get handlers(): Handlers[] {
    const { tags, config, log, diagnosis, jobs, model, streams } = this;
    const rest: Handlers = {
      'thing/ota/firmware/get': (params) => this.ota.pull(params),
      'thing/reset': () => this.reset(),
    };
    return [tags, config, log, diagnosis, jobs, model, streams].map(({ handlers }) => handlers).concat(rest);
  }

  /** What users bound to the device goes: tags and wishes; source: reference/aliyun.md 7. */
  private reset(): object {
    this.resets += 1;
    this.tags.values.clear();
    this.thing.clearDesired();
    return {};
  }
}
