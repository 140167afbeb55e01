/** How the examples look in the editor and in its debug sidebar. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const EXAMPLES = join(__dirname, '../../examples');
/** Of a letter at the least, and of the icon, in the pixels of the workspace. */
const LETTER_WIDTH = 5;
const ICON_WIDTH = 40;
const NODE_HEIGHT = 30;

interface Placed {
  id: string;
  type: string;
  name?: string;
  x: number;
  y: number;
  complete?: string;
  targetType?: string;
}

for (const file of readdirSync(EXAMPLES)) {
  describe(`the example ${file}`, () => {
    const nodes: Placed[] = JSON.parse(readFileSync(join(EXAMPLES, file), 'utf8'));

    it('has no node that lies over the text of a comment', () => {
      const comments = nodes.filter(({ type }) => type === 'comment');
      const others = nodes.filter(({ x }) => x !== undefined);
      const covered = comments.flatMap((comment) =>
        others.filter((other) => other !== comment && overlap(comment, other)).map(({ id }) => id),
      );
      assert.deepEqual(covered, []);
    });

    it('shows an error by its text, which a whole object cuts off', () => {
      const shown = nodes.filter(({ type, name }) => type === 'debug' && name === 'error');
      assert.ok(shown.length > 0);
      for (const { complete, targetType } of shown) {
        assert.deepEqual([complete, targetType], ['error.message', 'msg']);
      }
    });
  });
}

function overlap(one: Placed, other: Placed): boolean {
  const near = (widthOf(one) + widthOf(other)) / 2;
  return Math.abs(one.x - other.x) < near && Math.abs(one.y - other.y) < NODE_HEIGHT;
}

function widthOf({ type, name }: Placed): number {
  return ICON_WIDTH + LETTER_WIDTH * (name || type).length;
}
