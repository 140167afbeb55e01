import assert from 'node:assert/strict';
import { lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-reset', () => {
  const bench = useCloud();

  async function loadConnected(fields: Record<string, unknown>) {
    const reset = { id: 'reset', type: 'aliyun-reset', device: 'lamp', wires: [['out']], ...fields };
    await bench.load([reset, ...sinks('reset')]);
    await statusText('reset', 'aliyun-reset.status.connected');
  }

  it('resets the device in the cloud when its tick allows it', async () => {
    await loadConnected({ allowReset: true });
    const out = nextMessage('out');
    node('reset').receive({ topic: 'button' } as never);
    const { topic, payload, aliyun } = await out;
    assert.deepEqual([topic, payload, (aliyun as { code: number }).code], ['button', {}, 200]);
    assert.equal(bench.lamp.resets, 1);
    assert.equal(lights('reset').at(-1), 'green dot aliyun-reset.status.done');
  });

  for (const allowReset of [false, undefined, '']) {
    it(`refuses with its tick ${JSON.stringify(allowReset)}, and says what to tick`, async () => {
      await loadConnected({ allowReset });
      const caught = nextError('errors');
      node('reset').receive({} as never);
      const error = await caught;
      assert.equal(error.code, 'CONFIG');
      assert.match(error.message, /Allow the reset/);
      assert.equal(bench.lamp.resets, 0);
    });
  }
});
