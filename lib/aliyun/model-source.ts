/** Where a device has its thing model from: given, or asked of the cloud at each connect (`thing.dsltemplate.get`). */
import { MialinkError } from '../errors';
import type { Logger } from '../logger';
import type { CloudChannel } from './channel';
import { ThingModel } from './model';

/** As `thingModel`: the model is asked of the cloud. */
export const FROM_CLOUD = 'cloud';

export class ModelSource {
  private model: ThingModel | undefined;

  /** `given`: TSL as text or object, `FROM_CLOUD`, or nothing. Throws `modelInvalid` (CONFIG). */
  constructor(
    private readonly channel: CloudChannel,
    given: unknown,
    private readonly logger: Logger,
  ) {
    if (given === FROM_CLOUD) channel.onConnect(() => this.ask());
    else if (given !== undefined && given !== '') this.model = ThingModel.parse(given, channel.label);
  }

  /** Undefined: values are not checked. */
  get current(): ThingModel | undefined {
    return this.model;
  }

  /** What cannot be had now is asked again at the next connect. */
  private async ask(): Promise<void> {
    try {
      const { data } = await this.channel.request('thing.dsltemplate.get', {}, { operation: 'thing model' });
      this.model = ThingModel.parse(data, this.channel.label);
    } catch (error) {
      if (error instanceof MialinkError && error.code !== 'CANCELLED') this.logger.warn(error);
    }
  }
}
