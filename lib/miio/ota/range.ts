/**
 * The header `Range` of a request for a file (pure).
 *
 *   bytes=0-499  the first 500      bytes=500-  all from 500 on      bytes=-500  the last 500
 *
 * Source: RFC 9110, chapter 14: what cannot be read is ignored, and so are several ranges at once, which a server need
 * not serve.
 */
export interface Range {
  /** Of the first byte. */
  start: number;
  /** Of the byte behind the last. */
  end: number;
}

/** The bytes asked for of a file of `size` bytes; `unsatisfiable`: there are none such; undefined: the whole file. */
export function readRange(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1);
  if (from !== '' && to !== '' && Number(to) < start) return undefined;
  return start < end ? { start, end } : 'unsatisfiable';
}
