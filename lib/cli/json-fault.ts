/** Where a text stops being JSON (pure): said without repeating the text, which may hold a password. */

/** A bracket, a comma, a colon; a string; another value. */
const PIECE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them in a string
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
const BLANKS = /[ \t\n\r]*/y;

/** What may come next. */
type Place = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end';

/**
 * The offset of the first piece that cannot be where it is; the length of the text if it ends too early. To be asked
 * of a text that JSON.parse refuses.
 */
export function jsonFault(text: string): number {
  const open: string[] = [];
  let place: Place = 'value';
  let end = 0;
  for (;;) {
    PIECE.lastIndex = end;
    const [piece, sign, string] = PIECE.exec(text) ?? [];
    const next: Place | undefined =
      piece === undefined ? undefined : after(place, sign, string !== undefined, open);
    if (next === undefined) break;
    place = next;
    end = PIECE.lastIndex;
  }
  BLANKS.lastIndex = end;
  return end + (BLANKS.exec(text)?.[0].length ?? 0);
}

/** The place behind a piece, or undefined where the piece cannot be; `open` are the brackets around it. */
function after(place: Place, sign: string | undefined, isString: boolean, open: string[]): Place | undefined {
  const isValue = sign === undefined;
  const inObject = open.at(-1) === '{';
  switch (place) {
    case ':':
      return sign === ':' ? 'value' : undefined;
    case 'key':
    case 'key or }':
      if (isString) return ':';
      return sign === '}' && place === 'key or }' ? close(open) : undefined;
    case ', or end':
      if (sign === ',' && open.length > 0) return inObject ? 'key' : 'value';
      return sign !== undefined && sign === (inObject ? '}' : ']') && open.length > 0
        ? close(open)
        : undefined;
    default:
      if (isValue) return ', or end';
      if (sign === ']' && place === 'value or ]') return close(open);
      if (sign !== '{' && sign !== '[') return undefined;
      open.push(sign);
      return sign === '{' ? 'key or }' : 'value or ]';
  }
}

function close(open: string[]): Place {
  open.pop();
  return ', or end';
}
