/**
 * The names under which firmware is stored (pure):
 *
 *   default-2.0.0.bin              module, version, suffix
 *   default-2.0.0+app.bin          one of several files, with the cloud's own name for it, or its number
 *   dual-core-2.0.0~5f3a9c01.bin   module and version cannot be told apart for sure: a digest of both
 *
 * Two firmwares never share a name: the modules of a device have one directory. What the cloud writes may be hostile
 * (`../../etc/passwd`), empty or in any script, so it is reduced to letters, digits, dot, underscore and minus. Only a
 * documented suffix is taken over, from the file's own name or from the path of its address.
 */
import { createHash } from 'node:crypto';

/** What a name is made of; `title` is the cloud's own name for the file, when there are several. */
export interface Nameable {
  url?: string;
  title?: string;
}

const LONGEST_FILE_NAME = 100;
/** Of module and version. */
const LONGEST_STEM = 48;
const ROOM_FOR_COUNT = '-9999'.length;

/** The formats that the platform accepts; the longer of two that end alike stands first. */
const SUFFIXES = ['.tar.gz', '.tar.xz', '.bin', '.dav', '.tar', '.gz', '.zip', '.gzip', '.apk', '.pack'];

/** The files in the same order, with names that all differ, also on a disk that ignores case. */
export function nameFiles<File extends Nameable>(
  module: string,
  version: string,
  files: readonly File[],
): (Omit<File, 'title'> & { name: string })[] {
  const stem = stemOf(module, version);
  const taken = new Set<string>();
  return files.map((nameable, index) => {
    const { title = '', ...file } = nameable;
    const suffix = suffixOf(title) || suffixOf(pathOf(nameable.url ?? ''));
    const own = title.slice(0, title.length - suffixOf(title).length) || String(index + 1);
    const room = LONGEST_FILE_NAME - `${stem}+${suffix}`.length - ROOM_FOR_COUNT;
    const name = untaken(files.length === 1 ? stem : `${stem}+${safeName(own, room)}`, suffix, taken);
    taken.add(name.toLowerCase());
    return { name, ...file };
  });
}

/** Whether a name is one that `nameFiles` can have made. */
export function isSafeFileName(name: string): boolean {
  return /^[\w-][\w.+~-]*$/.test(name) && name.length <= LONGEST_FILE_NAME && !/\.part$/i.test(name);
}

/**
 * Any text as the name of a file or directory of at most `longest` characters. Where letters are lost a digest of
 * the text steps in, or two modules named in Chinese would share one name.
 */
export function safeName(text: string, longest = LONGEST_FILE_NAME): string {
  // `.part` is the mark of a download that is not verified yet.
  const plain = plainOf(text).replace(/\.part$/i, '_part');
  if (plain === text && plain !== '' && plain.length <= longest) return plain;
  return marked(plain, '-', text, longest);
}

/** No name without a digest can be mistaken for another, and none with one for one without. */
function stemOf(module: string, version: string): string {
  const stem = `${module}-${version}`;
  // The module ends at the first minus, and the version at the suffix of the file: it must not seem to have one.
  const isClear = /^\w[\w.]*-[\w.-]+$/.test(stem) && !module.includes('-') && !/\.[A-Za-z]\w*$/.test(version);
  if (isClear && stem.length <= LONGEST_STEM) return stem;
  return marked(plainOf(stem), '~', JSON.stringify([module, version]), LONGEST_STEM);
}

function plainOf(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\./, '_');
}

/** With the beginning of a digest of `text`. */
function marked(plain: string, separator: string, text: string, longest: number): string {
  const mark = separator + createHash('sha256').update(text).digest('hex').slice(0, 8);
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
