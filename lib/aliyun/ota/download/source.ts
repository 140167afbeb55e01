/** Where the bytes of a firmware file come from: an HTTPS address (`http-source`) or the MQTT connection. */
export interface Source {
  /** The bytes from here on. Throws `Interruption` when another try may succeed, else a MialinkError. */
  open(offset: number): Promise<Piece>;
  /** Ends what is open, at once. */
  close(): Promise<void>;
}

export interface Piece {
  /** Of the first byte: what was asked for, or 0 where the source could not continue. */
  offset: number;
  /** The size of the whole file, when the source tells it. */
  total: number | undefined;
  /** Throws `Interruption` when it is cut off. */
  chunks: AsyncIterable<Buffer>;
}

/** Network or peer broke off: another try may succeed. */
export class Interruption extends Error {}

/** The server cannot be reached, or says nothing at all: that may last, and says nothing of the firmware. */
export class Outage extends Interruption {}
