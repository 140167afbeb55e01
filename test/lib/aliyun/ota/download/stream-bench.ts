/** A cloud that gives a file over MQTT as the test says, and what was asked of it. */
import { type StreamOptions, StreamSource } from '../../../../../lib/aliyun/ota/download/stream-source';
import { SendingChannel } from '../../functions/sending-channel';
import { blockFrame, frame } from './stream-frame';

const SYS = '/sys/a1b2c3d4e5f/lamp-1/thing/file';

export const REQUEST = `${SYS}/download`;
export const REPLY = `${SYS}/download_reply`;

export interface Asked {
  id: string;
  offset: number;
  size: number;
  fileToken?: string;
}

/** What the cloud does with one request. */
type Turn = (asked: Asked) => void;

export class StreamBench {
  readonly channel = new SendingChannel();
  readonly asked: Asked[] = [];
  /** For the next requests, one after the other; afterwards each gets its block. */
  readonly turns: Turn[] = [];
  private readonly sources: StreamSource[] = [];

  constructor(readonly file: Buffer) {
    this.channel.send = async () => {
      const { id, params } = this.channel.lastMessage as { id: string; params: Record<string, never> };
      const { fileToken, fileBlock } = params;
      const { size, offset }: { size: number; offset: number } = fileBlock ?? { size: 0, offset: 0 };
      const asked: Asked = { id, offset, size, ...(fileToken === undefined ? {} : { fileToken }) };
      this.asked.push(asked);
      (this.turns.shift() ?? this.give)(asked);
    };
  }

  /** Offset and size of each request. */
  get blocks(): [offset: number, size: number][] {
    return this.asked.map(({ offset, size }) => [offset, size]);
  }

  source(options: Partial<StreamOptions> = {}): StreamSource {
    const source = new StreamSource(
      this.channel,
      { streamId: 1_397_345, fileId: 1 },
      {
        label: 'lamp',
        ...options,
      },
    );
    this.sources.push(source);
    return source;
  }

  readonly give: Turn = (asked) => this.giveWith(asked, {});

  giveWith({ id, offset, size }: Asked, more: object): void {
    this.channel.arrive(REPLY, blockFrame(id, this.file, offset, size, more));
  }

  readonly spoil: Turn = ({ id, offset, size }) => {
    const block = blockFrame(id, this.file, offset, size);
    block[block.length - 1] = (block.at(-1) ?? 0) ^ 1;
    this.channel.arrive(REPLY, block);
  };

  readonly lose: Turn = () => {};

  refuse(code: number, msg = 'refused'): Turn {
    return ({ id }) => this.channel.arrive(REPLY, frame({ id, code, msg, data: {} }, Buffer.alloc(0)));
  }

  async close(): Promise<void> {
    await Promise.all(this.sources.map((source) => source.close()));
  }
}

/** All that the source gives from `offset` on. */
export async function readAll(source: StreamSource, offset = 0): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await source.open(offset)).chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}
