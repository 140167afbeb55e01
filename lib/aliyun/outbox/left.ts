/** What a store holds that is not the device's any more, since its owner has chosen another outbox. */
import { join } from 'node:path';
import { isMissing } from './disk';
import { FileStore } from './file-store';
import { readHead } from './head-file';
import { scan, segmentNumbers } from './segment';
import type { OutboxStore } from './store';

/** So many are synced together; a store that fails meanwhile may have them twice. */
const LOT = 100;

/** How many texts a file store has left in this directory, of which nothing is made or changed. */
export async function countLeft(directory: string): Promise<number> {
  const numbers = await segmentNumbers(directory).catch(noneIfMissing);
  const head = await readHead(join(directory, 'head'));
  let left = 0;
  for (const number of numbers.filter((one) => one >= head.segment)) {
    const offset = number === head.segment ? head.offset : 0;
    left += (await scan(join(directory, `${number}.log`), number, offset)).segment.left;
  }
  return left;
}

/** A file store that takes over, when it opens, what `former` keeps: behind its own texts, which are older. */
export class HeirStore extends FileStore {
  constructor(
    directory: string,
    private readonly former: OutboxStore,
  ) {
    super(directory);
  }

  /** As a file store's; what could not be taken over stays in the former one. */
  override async open(): Promise<void> {
    await super.open();
    try {
      while (this.former.length > 0) await this.takeLot();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  private async takeLot(): Promise<void> {
    const texts: string[] = [];
    for (let text = await this.former.at(0); text !== undefined; text = await this.former.at(texts.length)) {
      if (texts.push(text) === LOT) break;
    }
    await Promise.all(texts.map((text) => this.append(text)));
    for (const _ of texts) await this.former.removeFirst();
  }
}

function noneIfMissing(error: unknown): number[] {
  if (isMissing(error)) return [];
  throw error;
}
