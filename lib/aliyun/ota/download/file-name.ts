/**
 * The names under which firmware is stored (pure). What the cloud writes may be hostile (`../../etc/passwd`), empty
 * or in any script, so a name is made of module and version, and reduced to letters, digits, dot, underscore and
 * minus. Only a documented suffix is taken over, from the file's own name or from the path of its address.
 */
import { createHash } from 'node:crypto';

/** What a name is made of; `title` is the cloud's own name for the file, when there are several. */
export interface Nameable {
  url?: string;
  title?: string;
}

const LONGEST_FILE_NAME = 100;
const ROOM_FOR_COUNT = '-9999'.length;

/** The formats that the platform accepts; the longer of two that end alike stands first. */
const SUFFIXES = ['.tar.gz', '.tar.xz', '.bin', '.dav', '.tar', '.gz', '.zip', '.gzip', '.apk', '.pack'];

/** The files in the same order, with names that all differ, also on a disk that ignores case. */
export function nameFiles<File extends Nameable>(
  module: string,
  version: string,
  files: readonly File[],
): (Omit<File, 'title'> & { name: string })[] {
  const taken = new Set<string>();
  return files.map((nameable, index) => {
    const { title = '', ...file } = nameable;
    const suffix = suffixOf(title) || suffixOf(pathOf(nameable.url ?? ''));
    const own = title.slice(0, title.length - suffixOf(title).length) || String(index + 1);
    const parts = files.length === 1 ? [module, version] : [module, version, own];
    const stem = safeName(parts.join('-'), LONGEST_FILE_NAME - suffix.length - ROOM_FOR_COUNT);
    const name = untaken(stem, suffix, taken);
    taken.add(name.toLowerCase());
    return { name, ...file };
  });
}

/** Whether a name is one that `nameFiles` can have made. */
export function isSafeFileName(name: string): boolean {
  return /^[\w-][\w.-]*$/.test(name) && name.length <= LONGEST_FILE_NAME && !/\.part$/i.test(name);
}

/**
 * Any text as the name of a file or directory of at most `longest` characters. Where letters are lost a digest of
 * the text steps in, or two modules named in Chinese would share one name.
 */
export function safeName(text: string, longest = LONGEST_FILE_NAME): string {
  const plain = text
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^\./, '_')
    // `.part` is the mark of a download that is not verified yet.
    .replace(/\.part$/i, '_part');
  if (plain === text && plain !== '' && plain.length <= longest) return plain;
  const mark = `-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  return plain.slice(0, longest - mark.length) + mark;
}

function untaken(stem: string, suffix: string, taken: ReadonlySet<string>): string {
  let name = stem + suffix;
  for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${stem}-${count}${suffix}`;
  return name;
}

function suffixOf(name: string): string {
  const lower = name.toLowerCase();
  return SUFFIXES.find((suffix) => lower.endsWith(suffix)) ?? '';
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : '';
}
