/** What a node takes, its dialog lets pass; `${NAME}` the editor lets pass by itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { checkSceneEvents } from '../../lib/miio/push';

type Validate = (this: object, value: unknown, options: object) => boolean | string;

/** The validator of a field, as the script of the dialog registers it, in a node with these other settings. */
function validatorOf(type: string, field: string, node: object = {}): (value: unknown) => boolean | string {
  const html = readFileSync(join(__dirname, `../../nodes/${type}.html`), 'utf8');
  const [, script = ''] = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(html) ?? [];
  let fields: Record<string, { validate?: Validate }> = {};
  const registerType = (_type: string, definition: { defaults: typeof fields }) => {
    fields = definition.defaults;
  };
  const validators = { typedInput: () => () => true };
  runInNewContext(script, { RED: { nodes: { registerType }, validators } });
  const validate = fields[field]?.validate ?? assert.fail(`${type} has no validator of ${field}`);
  return (value) => validate.call({ ...node, _: (key: string) => key }, value, {});
}

describe('the dialog of', () => {
  for (const [type, field, fine, wrong] of [
    ['aliyun-event', 'event', ['', 'low', ' low ', 'module:low', undefined], ['so low', 'low!']],
    ['aliyun-service', 'service', ['', 'blink', ' blink ', 'module:blink', undefined], ['a b']],
    ['miio-device', 'port', ['', undefined, 54_321, '1'], ['0', '65536', 'x']],
    ['miio-device', 'timeoutMs', ['', undefined, 10_000, '1'], ['0', 'soon']],
    ['miio-device', 'retries', ['', undefined, 0, '0', '3'], ['-1', '101']],
    ['miio-discover', 'timeoutMs', ['', undefined, 3_000, '1'], ['0', 'soon']],
    ['miio-discover', 'interval', ['', undefined, 0, '60'], ['-1', 'soon']],
    ['miio-ota', 'timeoutMs', ['', undefined, '1'], ['0', 'soon']],
    ['miio-command', 'retries', ['', undefined, 0, '0'], ['-1', 'x']],
    ['aliyun-shadow', 'version', ['', 5, '5', ' 5 ', -1, '-1', undefined], ['-2', '1.5', 'x']],
  ] as const) {
    it(`${type} takes for ${field} what the node takes, and nothing else`, () => {
      const validate = validatorOf(type, field);
      assert.deepEqual(fine.map(validate), Array(fine.length).fill(true));
      assert.deepEqual(wrong.map(validate), Array(wrong.length).fill(`${type}.errors.${field}`));
    });
  }

  it('miio-event takes for events what the node takes, and nothing else', () => {
    const validate = validatorOf('miio-event', 'events', { source: 'gateway' });
    const taken = (events: unknown) => {
      try {
        return checkSceneEvents('the gateway', events).length > 0;
      } catch {
        return 'miio-event.errors.events';
      }
    };
    const event = { sourceDid: 'lumi.1', sourceModel: 'lumi.plug', event: 'click', extra: '[1,19,1]' };
    const changes = [
      {},
      { extra: '1,19,1' },
      { extra: ' [1,19,1] ' },
      { extra: [1, 19, [0, 1]] },
      { extra: `[${'1'.repeat(255)}]` },
      { extra: '[1,19,1' },
      { extra: undefined },
      { sourceDid: 'lumi 1' },
      { sourceDid: '', sourceModel: '' },
      { sourceDid: '', sourceModel: '?' },
      { sourceModel: '' },
      { sourceModel: 'lumi plug' },
      { event: 'so low' },
      { event: null },
      { event: 5 },
    ];
    const tables = [...changes.map((change) => [event, { ...event, ...change }]), [], 'none', undefined];
    assert.deepEqual(tables.map(validate), tables.map(taken));
    assert.equal(new Set(tables.map(taken)).size, 2);
    assert.equal(validate([{ ...event, extra: `\${CODE}`, event: '$(NAME)' }]), true);
  });
});
