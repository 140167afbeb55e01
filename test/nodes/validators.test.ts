/** What a node takes, its dialog lets pass; `${NAME}` the editor lets pass by itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

type Validate = (this: object, value: unknown, options: object) => boolean | string;

/** The validator of a field, as the script of the dialog registers it. */
function validatorOf(type: string, field: string): (value: unknown) => boolean | string {
  const html = readFileSync(join(__dirname, `../../nodes/${type}.html`), 'utf8');
  const [, script = ''] = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(html) ?? [];
  let fields: Record<string, { validate?: Validate }> = {};
  const registerType = (_type: string, definition: { defaults: typeof fields }) => {
    fields = definition.defaults;
  };
  runInNewContext(script, { RED: { nodes: { registerType } } });
  const validate = fields[field]?.validate ?? assert.fail(`${type} has no validator of ${field}`);
  return (value) => validate.call({ _: (key: string) => key }, value, {});
}

describe('the dialog of', () => {
  for (const [type, field, fine, wrong] of [
    ['aliyun-event', 'event', ['', 'low', ' low ', 'module:low', undefined], ['so low', 'low!']],
    ['aliyun-service', 'service', ['', 'blink', ' blink ', 'module:blink', undefined], ['a b']],
    ['aliyun-shadow', 'version', ['', 5, '5', ' 5 ', -1, '-1', undefined], ['-2', '1.5', 'x']],
  ] as const) {
    it(`${type} takes for ${field} what the node takes, and nothing else`, () => {
      const validate = validatorOf(type, field);
      assert.deepEqual(fine.map(validate), Array(fine.length).fill(true));
      assert.deepEqual(wrong.map(validate), Array(wrong.length).fill(`${type}.errors.${field}`));
    });
  }
});
