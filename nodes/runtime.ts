/**
 * The only glue between Node-RED and the library: one wrapper for every message handler, one for every admin route,
 * and the readers of configuration values, which arrive as text, as numbers (from an environment variable) or not at
 * all (from an older flow).
 */
import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import type { Node, NodeAPI, NodeMessageInFlow } from 'node-red';
import { MialinkError, messageOf } from '../lib/errors';

/** A message, with whatever properties the flow has put into it. */
export type Message = NodeMessageInFlow & Record<string, unknown>;
export type Send = (message: Message | (Message | null)[]) => void;
export type InputHandler = (message: Message, send: Send, signal: AbortSignal) => Promise<void>;

/** The build puts the texts of the library's errors into the catalogue of this set. */
const CATALOGUE = '@mialink/node-red-miio-aliyun/miio-device';

/**
 * Handles each message with `handler`: `done()` when it returns, `done(error)` when it throws, exactly once. When the
 * node closes, `signal` is aborted and the handlers under way are awaited before `dispose` is called.
 */
export function onInput(
  RED: NodeAPI,
  node: Node,
  handler: InputHandler,
  dispose: () => void | Promise<void> = () => {},
) {
  const closing = new AbortController();
  // Every message under way listens: that is no leak to warn of.
  setMaxListeners(0, closing.signal);
  const underWay = new Set<Promise<void>>();
  node.on('input', (message, send, done) => {
    const handled = handler(message as Message, send as Send, closing.signal).then(
      () => done(),
      (error: unknown) => done(inUsersLanguage(RED, error)),
    );
    const finished = handled
      .catch((error: unknown) => node.warn(String(error)))
      .finally(() => underWay.delete(finished));
    underWay.add(finished);
  });
  onClose(node, async () => {
    closing.abort(new MialinkError('closed', { device: node.name || node.type }));
    await Promise.all(underWay);
    await dispose();
  });
}

/** Settles as `work` does, unless the node closes before: then it rejects with `closed`, and nobody hears of `work`. */
export function untilClosed<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}

const deployListeners = new WeakMap<NodeAPI['events'], Set<() => void>>();

/**
 * Calls `listener` when the nodes of a deploy have started, those of the present one included. Returns how to stop that.
 * Node-RED's own event has one listener of ours, as it warns of more than ten.
 */
export function afterDeploys({ events }: NodeAPI, listener: () => void): () => void {
  const listeners = deployListeners.get(events) ?? new Set();
  if (!deployListeners.has(events)) {
    deployListeners.set(events, listeners);
    events.on('flows:started', () => {
      for (const one of [...listeners]) one();
    });
  }
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls `dispose` when the node closes; Node-RED waits for it. */
export function onClose(node: Node, dispose: () => void | Promise<void>): void {
  node.on('close', (done: () => void) => {
    Promise.resolve()
      .then(dispose)
      .catch((error: unknown) => node.warn(String(error)))
      .then(done);
  });
}

/**
 * An admin route that takes and answers JSON. `handler` gets the body as an object, or where it is no JSON the request
 * to read it from; what it throws becomes the answer `{error}` with status 400, in the words of the error.
 */
export function adminPost(
  RED: NodeAPI,
  path: string,
  permission: string,
  handler: (body: Record<string, unknown>, request: Readable) => Promise<unknown>,
): void {
  RED.httpAdmin.post(path, RED.auth.needsPermission(permission), (request, response) => {
    const body: unknown = request.body;
    Promise.resolve()
      .then(() => handler(isRecord(body) ? body : {}, request))
      .then((answer) => response.json(answer))
      .catch((error: unknown) => response.status(400).json({ error: inUsersLanguage(RED, error).message }));
  });
}

/** The same error with its text in the language of the server, as far as a catalogue has it. */
export function inUsersLanguage(RED: NodeAPI, error: unknown): Error {
  if (!(error instanceof MialinkError)) return error instanceof Error ? error : new Error(String(error));
  const key = `${CATALOGUE}:reasons.${error.reason}`;
  const text = RED._(key, { ...error.values, defaultValue: '' });
  if (text !== '' && text !== key) error.message = text;
  return error;
}

/** Blank for what is no text, number or truth value: an object is not to be sent as `[object Object]`. */
export function asText(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value).trim() : '';
}

/** Undefined for a blank; NaN for what is no number, so that it is refused where the limits are known. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === 'object' && value !== null) return Number.NaN;
  const text = asText(value);
  return text === '' ? undefined : Number(text);
}

export function asFlag(value: unknown, otherwise: boolean): boolean {
  if (value === undefined || value === '') return otherwise;
  return ['true', '1'].includes(asText(value));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** A setting as typed: what is written as `${NAME}` Node-RED replaces at deploy only, and a *test* must see the same. */
export function fromEnvironment(RED: NodeAPI, value: unknown): unknown {
  const [, name] = (typeof value === 'string' && /^\$[{(]([^})]+)[})]$/.exec(value)) || [];
  if (name === undefined) return value;
  return RED.util.evaluateNodeProperty(name, 'env', undefined as never, {} as never);
}

/**
 * The value of a typed input; undefined for a message property that is not there. Throws `fieldInvalid` for broken
 * JSON, a broken expression or the like.
 */
export async function typedValue(
  RED: NodeAPI,
  node: Node,
  message: Message,
  input: { field: string; value: string; type: string },
): Promise<unknown> {
  const { field, value, type } = input;
  try {
    return await new Promise((resolve, reject) => {
      RED.util.evaluateNodeProperty(value, type, node, message, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  } catch (error) {
    const values = { node: node.name || node.type, field, cause: messageOf(error) };
    throw new MialinkError('fieldInvalid', values, { cause: error });
  }
}
