/**
 * The status of a flow node: the state of its connection (with what it is used for), over it a firmware, and over both
 * the operation under way or just ended. Texts are keys of the node's own catalogue, so that each user reads his own language.
 */
import type { Node, NodeStatus } from 'node-red';

type Light = Pick<NodeStatus, 'fill' | 'shape'>;

const GREEN_DOT: Light = { fill: 'green', shape: 'dot' };
const YELLOW_RING: Light = { fill: 'yellow', shape: 'ring' };
const RED_RING: Light = { fill: 'red', shape: 'ring' };
const RED_DOT: Light = { fill: 'red', shape: 'dot' };
const BLUE_DOT: Light = { fill: 'blue', shape: 'dot' };
const GREY_RING: Light = { fill: 'grey', shape: 'ring' };

/** What a device says of its connection, and what is missing for one. */
export const CONNECTION = {
  idle: GREY_RING,
  connecting: YELLOW_RING,
  connected: GREEN_DOT,
  disconnected: RED_RING,
  refused: RED_RING,
  closed: GREY_RING,
  misconfigured: RED_RING,
  'no-device': RED_RING,
} as const satisfies Record<string, Light>;

/** What the cloud has made of its device. */
export const SWITCHED_OFF = {
  disabled: RED_RING,
  deleted: RED_RING,
} as const satisfies Record<string, Light>;

/** What becomes of a message. */
export const OPERATION = {
  busy: BLUE_DOT,
  done: GREEN_DOT,
  failed: RED_DOT,
} as const satisfies Record<string, Light>;

/** What becomes of a message that the outbox keeps. */
export const KEPT = {
  queued: YELLOW_RING,
} as const satisfies Record<string, Light>;

/** What becomes of a firmware. */
export const FIRMWARE = {
  waiting: YELLOW_RING,
  downloading: BLUE_DOT,
  verifying: BLUE_DOT,
  verified: GREEN_DOT,
  flashing: BLUE_DOT,
  'version-missing': YELLOW_RING,
  'module-taken': RED_RING,
  cancelled: GREY_RING,
} as const satisfies Record<string, Light>;

/** What becomes of a subscription to what a device reports of its own accord. */
export const PUSH = {
  subscribing: YELLOW_RING,
  subscribed: GREEN_DOT,
  'not-offered': GREY_RING,
  'event-refused': RED_RING,
  'port-taken': RED_RING,
} as const satisfies Record<string, Light>;

/** Whether the cloud takes the device's log. */
export const LOG = {
  'log-unknown': YELLOW_RING,
  'log-on': GREEN_DOT,
  'log-off': GREY_RING,
} as const satisfies Record<string, Light>;

type Outcome = Exclude<keyof typeof OPERATION, 'busy'> | keyof typeof KEPT;

const LIGHTS = { ...CONNECTION, ...SWITCHED_OFF, ...OPERATION, ...KEPT, ...FIRMWARE, ...PUSH, ...LOG };

export type StatusKey = keyof typeof LIGHTS;

/** A device whose outbox keeps more or less than before. */
interface Keeping {
  on(event: 'kept', listener: () => void): unknown;
  off(event: 'kept', listener: () => void): unknown;
}

/** In place of the catalogue's, which can name no number; undefined: that will do. */
export type CountTexts = Partial<Record<StatusKey, () => string | undefined>>;

/** Each status goes to every open editor, and nobody reads faster. */
const COUNT_INTERVAL_MS = 500;

export class StatusLight {
  private shown: StatusKey | undefined;
  private shownText: string | undefined;
  private underWay = 0;
  private connection: StatusKey | undefined;
  private firmware: keyof typeof FIRMWARE | undefined;
  /** In place of the catalogue's, which can name no version. */
  private firmwareText: string | undefined;
  /** In place of `connected`, which says less. */
  private whileConnected: keyof typeof PUSH | keyof typeof LOG | 'connected' | 'failed' | undefined;
  private countTexts: CountTexts = {};
  private countTimer: NodeJS.Timeout | undefined;

  constructor(private readonly node: Node) {}

  show(key: StatusKey): void {
    if (key === this.shown) {
      this.recount();
      return;
    }
    this.shown = key;
    this.tell(key, this.textOf(key));
  }

  /**
   * From now on the status counts what waits: its texts are asked for again when the outbox keeps more or less, and when
   * an operation begins or ends, twice a second at most. Returns how to stop that.
   */
  count(device: Keeping, texts: CountTexts): () => void {
    const recount = () => this.recount();
    this.countTexts = texts;
    device.on('kept', recount);
    return () => {
      device.off('kept', recount);
      this.countTexts = {};
      clearTimeout(this.countTimer);
      this.countTimer = undefined;
    };
  }

  /** The state of the connection; seen unless there is a firmware or an operation is under way. */
  showConnection(key: StatusKey): void {
    this.connection = key;
    this.showLasting();
  }

  /**
   * What becomes of a firmware, in front of the connection; undefined: there is none any more. `text` is for what the
   * catalogue's text alone cannot say.
   */
  showFirmware(key: keyof typeof FIRMWARE | undefined, text?: string): void {
    this.firmware = key;
    this.firmwareText = text;
    this.showLasting();
  }

  /** What becomes of the subscription; seen while the device is connected. */
  showPush(key: keyof typeof PUSH): void {
    this.whileConnected = key;
    this.showLasting();
  }

  /** Whether anything that is watched has a value; seen while the device is connected. */
  showWatch(key: 'connected' | 'failed'): void {
    this.whileConnected = key;
    this.showLasting();
  }

  /** Whether the log is on in the cloud; seen while the device is connected. */
  showLog(key: keyof typeof LOG): void {
    this.whileConnected = key;
    this.showLasting();
  }

  /** Nothing is kept any more: `queued` is over. */
  delivered(): void {
    if (this.shown === 'queued') this.showLasting();
  }

  /** Runs an operation under the blue dot, then shows how it ended: `done` unless `outcomeOf` knows better. */
  async during<Value>(
    operation: () => Promise<Value>,
    outcomeOf: (value: Value) => Outcome = () => 'done',
  ): Promise<Value> {
    this.underWay++;
    this.show('busy');
    try {
      const value = await operation();
      this.end(outcomeOf(value));
      return value;
    } catch (error) {
      this.end('failed');
      throw error;
    }
  }

  private tell(key: StatusKey, text: string): void {
    this.shownText = text;
    this.node.status({ ...LIGHTS[key], text });
  }

  private textOf(key: StatusKey): string {
    const text = key === this.firmware ? this.firmwareText : this.countTexts[key]?.();
    return text ?? `${this.node.type}.status.${key}`;
  }

  private recount(): void {
    if (this.shown === undefined || !this.countTexts[this.shown]) return;
    this.countTimer ??= setTimeout(() => {
      this.countTimer = undefined;
      if (this.shown === undefined) return;
      const text = this.textOf(this.shown);
      if (text !== this.shownText) this.tell(this.shown, text);
    }, COUNT_INTERVAL_MS);
  }

  private showLasting(): void {
    const connection =
      this.connection === 'connected' ? (this.whileConnected ?? 'connected') : this.connection;
    const key = this.firmware ?? connection;
    if (key && this.underWay === 0) this.show(key);
  }

  private end(outcome: Outcome): void {
    this.underWay--;
    if (this.underWay > 0) {
      this.recount();
      return;
    }
    const { connection } = this;
    const unset = connection === 'misconfigured' || connection === 'no-device';
    const unwelcome = connection === 'refused' && outcome === 'failed';
    // What is wrong with the settings or the token says more than that it failed.
    this.show((unset || unwelcome) && connection ? connection : outcome);
  }
}
