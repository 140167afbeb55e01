/**
 * The shadow of one device: what it reported, what is wished, and one version for both.
 *
 *   up    {"method":"update","state":{"reported":{"color":"red"}},"version":n}
 *         {"method":"update","state":{"desired":"null"},"version":n}                   clears the wish
 *         {"method":"delete","state":{"reported":{"color":"null"}},"version":n}        or "reported":"null": all
 *         {"method":"get"}
 *   down  {"method":"reply","payload":{"status":"success","version":n},"timestamp":s}               to update, delete
 *         {"method":"reply","payload":{"status":"success","state":{...},"metadata":{...}},
 *          "version":n,"timestamp":s}                                                               to get
 *         {"method":"reply","payload":{"status":"error","content":{"errorcode","errormessage"}},"timestamp":s}
 *         {"method":"control","payload":{...as for get},"version":n,"timestamp":s}                  a wish
 *
 * A version must be above the stored one; -1 sets the stored one to 0. Replies carry no id.
 * Source: reference/aliyun.md 7.1; where the version stands in each reply: the vendor's page "device shadow data
 * stream"; the error codes from the same documents, not confirmed on the live platform.
 */
import { isObject, type JsonObject, parseObject } from '../alink';

const MAX_ATTRIBUTES = 128;
const DELETED = 'null';

/** Why a shadow message is refused: one of the codes 400 to 409. */
class ShadowError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export class Shadow {
  private readonly reportedAt = new Map<string, [value: unknown, timestamp: number]>();
  private readonly desiredAt = new Map<string, [value: unknown, timestamp: number]>();
  private stored = 0;

  get version(): number {
    return this.stored;
  }

  get reported(): JsonObject {
    return valuesOf(this.reportedAt);
  }

  get desired(): JsonObject {
    return valuesOf(this.desiredAt);
  }

  /** When each value came, in seconds. */
  get metadata(): JsonObject {
    return { reported: timesOf(this.reportedAt), desired: timesOf(this.desiredAt) };
  }

  /** The reply to a message of the device. */
  receive(payload: Buffer): string {
    try {
      return this.reply(this.answer(payload));
    } catch (error) {
      if (!(error instanceof ShadowError)) throw error;
      const content = { errorcode: String(error.code), errormessage: error.message };
      return this.reply({ payload: { status: 'error', content } });
    }
  }

  /** A wish of the cloud's side replaces the one before it: the control message for the device. */
  wish(values: JsonObject): string {
    this.stored += 1;
    this.desiredAt.clear();
    for (const [name, value] of Object.entries(values)) this.desiredAt.set(name, [value, seconds()]);
    return JSON.stringify({ method: 'control', ...this.document(), timestamp: seconds() });
  }

  private reply(body: JsonObject): string {
    return JSON.stringify({ method: 'reply', ...body, timestamp: seconds() });
  }

  private answer(payload: Buffer): JsonObject {
    if (payload.length === 0) throw new ShadowError(407, 'the shadow message is empty');
    const message = parseObject(payload);
    if (!message) throw new ShadowError(400, 'not a JSON object');
    if (message.method === undefined) throw new ShadowError(401, 'method is missing');
    switch (message.method) {
      case 'get':
        return this.document();
      case 'update':
        return this.change(message, (state) => this.update(state));
      case 'delete':
        return this.change(message, (state) => this.delete(state));
    }
    throw new ShadowError(406, 'method must be get, update or delete');
  }

  private document(): JsonObject {
    const { reported, desired, metadata, version } = this;
    return { payload: { status: 'success', state: { reported, desired }, metadata }, version };
  }

  /** `apply` checks everything before it changes anything, as the version is checked before it. */
  private change({ state, version }: JsonObject, apply: (state: JsonObject) => void): JsonObject {
    if (!isObject(state)) throw new ShadowError(402, 'state is missing');
    if (typeof version !== 'number' || !Number.isInteger(version)) {
      throw new ShadowError(403, 'version must be a number');
    }
    if (version !== -1 && version <= this.stored) {
      throw new ShadowError(409, `version conflict: ${version} is not above ${this.stored}`);
    }
    apply(state);
    this.stored = version === -1 ? 0 : version;
    return { payload: { status: 'success', version: this.stored } };
  }

  private update({ reported, desired }: JsonObject): void {
    if (reported === undefined && desired !== DELETED) throw new ShadowError(404, 'reported is missing');
    if (reported !== undefined && (!isObject(reported) || Object.keys(reported).length === 0)) {
      throw new ShadowError(405, 'reported is empty');
    }
    const values = isObject(reported) ? Object.entries(reported) : [];
    const names = new Set([...this.reportedAt.keys(), ...values.map(([name]) => name)]);
    if (names.size > MAX_ATTRIBUTES) throw new ShadowError(408, `more than ${MAX_ATTRIBUTES} attributes`);
    for (const [name, value] of values) this.reportedAt.set(name, [value, seconds()]);
    if (desired === DELETED) this.desiredAt.clear();
  }

  private delete({ reported }: JsonObject): void {
    if (reported === DELETED) {
      this.reportedAt.clear();
      return;
    }
    if (!isObject(reported)) throw new ShadowError(404, 'reported is missing');
    if (Object.values(reported).some((value) => value !== DELETED)) {
      throw new ShadowError(400, 'what is to be deleted must be the text "null"');
    }
    for (const name of Object.keys(reported)) this.reportedAt.delete(name);
  }
}

function valuesOf(stored: Map<string, [unknown, number]>): JsonObject {
  return Object.fromEntries([...stored].map(([name, [value]]) => [name, value]));
}

function timesOf(stored: Map<string, [unknown, number]>): JsonObject {
  return Object.fromEntries([...stored].map(([name, [, timestamp]]) => [name, { timestamp }]));
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
