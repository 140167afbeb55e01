/** Bytes taken from a stream in pieces of the reader's own size. */
export class ByteReader {
  /** How many bytes were taken so far. */
  position = 0;
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.chunks = source[Symbol.asyncIterator]();
  }

  /** `size` bytes in one piece; fewer where the stream ends before. */
  async read(size: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.stream(size)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** The next `size` bytes as they come; fewer where the stream ends before. */
  async *stream(size: number): AsyncGenerator<Buffer> {
    const end = this.position + size;
    while (this.position < end) {
      if (this.rest.length === 0) {
        const next = await this.chunks.next();
        if (next.done) return;
        this.rest = next.value;
      }
      const piece = this.rest.subarray(0, end - this.position);
      this.rest = this.rest.subarray(piece.length);
      this.position += piece.length;
      yield piece;
    }
  }

  /** Lets everything pass up to `position`; true if the stream goes so far. */
  async skipTo(position: number): Promise<boolean> {
    for await (const _ of this.stream(position - this.position));
    return this.position >= position;
  }

  /** Gives the stream back. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
