/** What a device answered of its properties, as a message tells it. */
import { MialinkError } from '../lib/errors';
import type { MiioDevice } from '../lib/miio';
import type { ItemError, PropertyAnswer } from '../lib/miio/properties';
import type { Message } from './runtime';

/** In the text of an error; all of them are in the message. */
const MOST_NAMED = 3;

/**
 * Puts the values of an answer into `payload`, and who answered, with the errors by name, into `miio`. Throws
 * `propertiesFailed` when there are only errors; `payload` stays then as it was.
 */
export function putAnswer(message: Partial<Message>, device: MiioDevice, answer: PropertyAnswer): void {
  const { values, errors } = answer;
  const failed = Object.values(errors);
  const { address, deviceId } = device;
  message.miio = failed.length > 0 ? { address, deviceId, errors } : { address, deviceId };
  if (failed.length > 0 && Object.keys(values).length === 0) {
    const failure = failureOf(device, failed);
    message.miio = { address, deviceId, ...failure.peer, errors };
    throw failure;
  }
  message.payload = values;
}

/** Settles as `work` does; what the device itself says of a failure is put into `miio`. */
export async function orPut<Value>(
  message: Message,
  device: MiioDevice,
  work: Promise<Value>,
): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    const { address, deviceId } = device;
    if (error instanceof MialinkError && error.peer) message.miio = { address, deviceId, ...error.peer };
    throw error;
  }
}

function failureOf({ label: device }: MiioDevice, failed: ItemError[]): MialinkError {
  const named = failed.slice(0, MOST_NAMED).map(({ message }) => message);
  const rest = failed.length - named.length;
  const causes = named.join('; ') + (rest > 0 ? `; and ${rest} more` : '');
  return new MialinkError('propertiesFailed', { device, causes }, { peer: failed[0] });
}
