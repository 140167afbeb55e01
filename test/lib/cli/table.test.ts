import assert from 'node:assert/strict';
import { printable, printableJson } from '../../../lib/cli/printable';
import { list, table } from '../../../lib/cli/table';

describe('a table', () => {
  it('aligns its columns, and ends no line with blanks', () => {
    const rows = [
      ['192.168.1.20', 'lamp', 'x'],
      ['10.0.0.1', 'a long name', ''],
    ];
    assert.equal(
      table(['address', 'name', 'more'], rows),
      ['ADDRESS       NAME         MORE', '192.168.1.20  lamp         x', '10.0.0.1      a long name'].join(
        '\n',
      ),
    );
  });

  it('counts a Chinese character and an emoji as two columns, an accent as none', () => {
    const rows = [
      ['插座', '1'],
      ['💡', '2'],
      ['e\u0301\u200b', '3'],
      ['ＡＢ', '4'],
      ['abcd', '5'],
    ];
    assert.equal(
      table(['n', 'i'], rows),
      ['N     I', '插座  1', '💡    2', 'e\u0301\u200b     3', 'ＡＢ  4', 'abcd  5'].join('\n'),
    );
  });

  it('leaves out a column in which no row has anything', () => {
    assert.equal(table(['a', 'b', 'c'], [['1', '', '2']]), 'A  C\n1  2');
  });

  it('lists names and values, and leaves out what has no value', () => {
    const entries = [
      ['id', '1'],
      ['none', ''],
      ['model', 'm'],
    ] as const;
    assert.equal(list(entries), 'id     1\nmodel  m');
    assert.equal(list([]), '');
  });

  it('shows nothing that steers the terminal or forges a line', () => {
    const hostile = 'a\u001b[2Jb\r\nc\u009b31md\u202ee\u2028f\u0007';
    const shown = table(['name'], [[hostile]]);
    assert.equal(shown.split('\n').length, 2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(shown.replace('\n', ''), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
    assert.equal(printable('a\tb'), 'a b');
  });

  it('shows JSON in which everything can be seen, and which means the same', () => {
    const value = { name: '\u001b[2J\u009b\u202e\u007f', none: undefined };
    const shown = printableJson(value);
    assert.match(shown, /^[\x20-\x7e]+$/);
    assert.deepEqual(JSON.parse(shown), { name: value.name });
    assert.equal(printableJson(undefined), 'null');
    assert.equal(printableJson({ a: 1 }, 2), '{\n  "a": 1\n}');
  });
});
