/**
 * A program of its own that posts numbers through the file outbox, for a parent that kills it.
 *
 *   parent -> child   {settings, directory, from, to}   once: posts {n: from}, …, {n: to - 1}, as fast as it can
 *   child -> parent   {accepted: n}                     n will arrive: it is in the outbox, or was answered by the cloud
 *                     {kept: number}                    when nothing is under way, how many the outbox keeps
 */
import { AliyunDevice, type AliyunSettings } from '../../lib/aliyun';
import { FileStore } from '../../lib/aliyun/outbox';
import { Backoff } from '../../lib/backoff';

export interface Work {
  settings: AliyunSettings;
  directory: string;
  from: number;
  to: number;
}

export type Told = { accepted: number } | { kept: number };

function tell(what: Told): void {
  process.send?.(what);
}

process.once('message', async ({ settings, directory, from, to }: Work) => {
  const device = new AliyunDevice(settings, {
    outbox: new FileStore(directory),
    backoffs: { quick: new Backoff(20, 100), slow: new Backoff(200, 400) },
  });
  device.open();
  const posts: Promise<void>[] = [];
  for (let n = from; n < to; n += 1) {
    posts.push(device.postProperties({ n }).then(() => tell({ accepted: n })));
  }
  await Promise.all(posts);
  tell({ kept: device.waiting.kept });
});
