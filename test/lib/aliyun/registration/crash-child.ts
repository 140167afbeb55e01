/**
 * Registers where its parent says. Before each thing it does with the disk it tells the parent, and goes on when it
 * may; at the end it tells its credentials.
 */
import { once } from 'node:events';
import fs, { type FileHandle } from 'node:fs/promises';
import { type Place, registrationAt } from './place';

const { mkdir, open, rename, rm } = fs;

async function step(name: string): Promise<void> {
  process.send?.(name);
  await once(process, 'message');
}

const suffixOf = (path: unknown) => (String(path).endsWith('.new') ? '.new' : 'directory');

function watched(handle: FileHandle): FileHandle {
  const { writeFile, sync, close } = handle;
  return Object.assign(handle, {
    writeFile: async (...args: Parameters<typeof writeFile>) => {
      await step('write');
      return writeFile.apply(handle, args);
    },
    sync: async () => {
      await step('sync');
      return sync.apply(handle);
    },
    close: async () => {
      await step('close');
      return close.apply(handle);
    },
  });
}

Object.assign(fs, {
  mkdir: async (...args: Parameters<typeof mkdir>) => {
    await step('mkdir');
    return mkdir(...args);
  },
  open: async (...args: Parameters<typeof open>) => {
    await step(`open ${suffixOf(args[0])}`);
    return watched(await open(...args));
  },
  rename: async (...args: Parameters<typeof rename>) => {
    await step(`rename ${suffixOf(args[0])}`);
    return rename(...args);
  },
  rm: async (...args: Parameters<typeof rm>) => {
    await step(`rm ${suffixOf(args[0])}`);
    return rm(...args);
  },
});

process.once('message', async (place: Place) => {
  process.send?.(await registrationAt(place).credentials());
  process.disconnect();
});
