import assert from 'node:assert/strict';
import { basename } from 'node:path';
import fc from 'fast-check';
import { isSafeFileName, type Nameable, nameFiles } from '../../../../../lib/aliyun/ota/download/file-name';

function file(url: string, title?: string): Nameable {
  return { url, title };
}

function name(module: string, version: string, url = 'https://h/f', title?: string): string | undefined {
  return nameFiles(module, version, [file(url, title)])[0]?.name;
}

/** All the firmwares that joining their parts by a minus would call alike: module, version and the name of one of two files. */
function readingsOf(words: readonly string[], suffix: string) {
  const join = (from: number, to?: number) => words.slice(from, to).join('-');
  return words.slice(1).flatMap((_, index) => {
    const cut = index + 1;
    const module = join(0, cut);
    const single = { module, version: join(cut), files: [file(`https://h/f${suffix}`)] };
    const suffixed = { module, version: join(cut) + suffix, files: [file('https://h/f')] };
    const several = words.slice(cut + 1).map((_, further) => ({
      module,
      version: join(cut, cut + 1 + further),
      files: [file(`https://h/f${suffix}`, join(cut + 1 + further)), file('https://h/f')],
    }));
    return [single, suffixed, ...several];
  });
}

describe('the name of a firmware file', () => {
  it('is made of module and version', () => assert.equal(name('MCU', '1.2.3'), 'MCU-1.2.3'));

  it('keeps a documented suffix of the address, and no other', () => {
    const suffixes = ['.bin', '.dav', '.tar', '.gz', '.zip', '.gzip', '.apk', '.tar.gz', '.tar.xz', '.pack'];
    for (const suffix of suffixes)
      assert.equal(name('m', '1', `https://h/f${suffix}?a=.exe`), `m-1${suffix}`);
    assert.equal(name('m', '1', 'https://h/F.BIN'), 'm-1.bin');
    assert.equal(name('m', '1', 'https://h/f.exe?x=.bin'), 'm-1');
    assert.equal(name('m', '1', 'not a url.bin'), 'm-1');
  });

  it('has no way out of its directory', () => {
    assert.match(name('../../etc', 'passwd') ?? '', /^_._\.\._etc-passwd~[0-9a-f]{8}$/);
    const [hostile] = nameFiles('m', '1', [
      file('https://h/f', '../../../root/.profile'),
      file('https://h/f'),
    ]);
    assert.match(hostile?.name ?? '', /^m-1\+_\._\.\._\.\._root_\.profile-[0-9a-f]{8}$/);
  });

  it('differs for two modules named in Chinese, by the digest', () => {
    const names = [name('主控', '1'), name('副控', '1')];
    for (const one of names) assert.match(one ?? '', /^__-1~[0-9a-f]{8}$/);
    assert.notEqual(names[0], names[1]);
  });

  it('is another for each module and version, however they are cut', () => {
    assert.equal(name('a', '1-0'), 'a-1-0');
    assert.match(name('a-1', '0') ?? '', /^a-1-0~[0-9a-f]{8}$/);
    assert.equal(name('MCU', '2.0.0-beta', 'https://h/f.bin'), 'MCU-2.0.0-beta.bin');
    assert.match(name('m', '1.bin') ?? '', /^m-1\.bin~[0-9a-f]{8}$/);
    assert.match(name('x', 'y.state') ?? '', /^x-y\.state~[0-9a-f]{8}$/);
  });

  it('is never that of another module or version, not even on a disk that ignores case', () => {
    const word = fc
      .array(fc.constantFrom('a', 'A', '1', '+', '~', '主', '.', '.bin', '.tar'), { maxLength: 2 })
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 2, maxLength: 5 }),
        fc.constantFrom('', '.bin', '.gz'),
        (words, suffix) => {
          const owners = new Map<string, string>();
          for (const { module, version, files } of readingsOf(words, suffix)) {
            // Two that differ in case only are not told apart: see claim, and old-versions.
            const owner = JSON.stringify([module, version]).toLowerCase();
            for (const named of nameFiles(module, version, files)) {
              const folded = named.name.toLowerCase();
              assert.equal(owners.get(folded) ?? owner, owner, named.name);
              owners.set(folded, owner);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never looks like an unfinished download', () =>
    assert.match(name('m', '1.part') ?? '', /^m-1\.part~[0-9a-f]{8}$/));

  it('is counted when several files are called alike, also on a disk that ignores case', () => {
    const files = nameFiles('m', '1', [
      file('https://h/f', 'a.bin'),
      file('https://h/f', 'A.bin'),
      file('https://h/f', 'a.bin'),
    ]);
    assert.deepEqual(
      files.map((named) => named.name),
      ['m-1+a.bin', 'm-1+A-2.bin', 'm-1+a-3.bin'],
    );
  });

  it('is safe and unique, whatever the cloud writes', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom('..', '.', '', 'a/b', 'C:\\x', '\0', '.part', '.bin', 'x'.repeat(200)),
    );
    fc.assert(
      fc.property(
        hostile,
        hostile,
        fc.array(hostile, { minLength: 1, maxLength: 8 }),
        (module, version, titles) => {
          const names = nameFiles(
            module,
            version,
            titles.map((title) => file(title, title)),
          ).map((named) => named.name);
          for (const one of names) {
            assert.match(one, /^[A-Za-z0-9_-][A-Za-z0-9._+~-]{0,99}$/);
            assert.ok(isSafeFileName(one) && basename(one) === one);
          }
          assert.equal(new Set(names.map((one) => one.toLowerCase())).size, names.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
