/**
 * Repairs of the broken JSON that firmware is known to send. Pure. Each rule names a device it was seen on; all of
 * them are applied one after the other, and only to a text that JSON.parse has refused. Each takes time in proportion to
 * the length of the text, whatever is in it.
 */
/** With `s`, since any character may be escaped: else every quote would be tried anew, as far as the end of the text. */
const STRING_OR_REST = /"(?:[^"\\]|\\.)*(?:"|\\?$)|[^"]+/gs;

export function repairJson(text: string): string {
  return dropControlCharacters(cutBehindNul(text)).replace(STRING_OR_REST, (piece) =>
    piece.startsWith('"') ? piece : repairStructure(piece),
  );
}

/** NUL and rubbish behind the object: answers to `_sync.batch_gen_room_up_url` (python-miio #236). */
function cutBehindNul(text: string): string {
  return text.replace(/}\0[^}]*$/, '}');
}

/** Raw control characters, seen on various devices; legal JSON has none inside strings and needs none outside. */
function dropControlCharacters(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u001f\u007f]/g, '');
}

function repairStructure(piece: string): string {
  return (
    piece
      // `[,]` `[,,,]`: empty slots of gateways and power strips (lumi.motion.aq2, qmi.powerstrip.v1, python-miio #334)
      .replace(/\[((?:\s*,)+)(\s*\])?/g, (_, commas: string, end?: string) =>
        end ? `[${nulls(commas, 1)}]` : `[${nulls(commas, 0)},`,
      )
      // before `]` the same; elsewhere a comma too many: `},,{` (xiaomi.vacuum.b112, python-miio #1837) and
      // `,,"otu_stat"` (power strip without cloud)
      .replace(/,(?:\s*,)*(\s*\])?/g, (commas, end?: string) => (end ? `,${nulls(commas, 0)}]` : ','))
      .replace(/\{\s*,/g, '{')
      .replace(/,\s*\}/g, '}')
      // `"result":,` (xiaomi.vacuum.b112 fw 2.2.4_0050, python-miio #1922)
      .replace(/:\s*(?=[,}])/g, ':null')
      // `00` `06` (090615.curtain.jldj03, python-miio #1411)
      .replace(/(^|[:,[\s])(-?)0+(?=\d)/g, '$1$2')
  );
}

function nulls(commas: string, more: number): string {
  const count = commas.replace(/[^,]/g, '').length + more;
  return Array(count).fill('null').join(',');
}
