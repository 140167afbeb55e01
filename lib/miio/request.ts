/** A request as it waits to be sent: written once, before it has an id (pure). */
import { MialinkError } from '../errors';
import { requestBody, requestBytes } from './message';
import { MAX_PLAINTEXT_BYTES } from './packet';

export interface Request {
  method: string;
  /** What `encodeRequest` puts behind the id. */
  body: string;
}

/** The request, or why nobody could send it: `paramsInvalid` or `requestTooLong`. */
export function writeRequest(device: string, method: string, params: unknown): Request | MialinkError {
  try {
    const body = requestBody(method, params);
    const bytes = requestBytes(body);
    if (bytes <= MAX_PLAINTEXT_BYTES) return { method, body };
    return new MialinkError('requestTooLong', { device, method, bytes, limit: MAX_PLAINTEXT_BYTES });
  } catch (cause) {
    const type = 'one with a cycle or a BigInt';
    return new MialinkError('paramsInvalid', { device, method, type }, { cause });
  }
}
