import assert from 'node:assert/strict';
import { sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-diag', () => {
  const bench = useCloud();

  beforeEach(async () => {
    const diag = { id: 'diag', type: 'aliyun-diag', device: 'lamp', wires: [['out']] };
    await bench.load([diag, ...sinks('diag')]);
    await statusText('diag', 'aliyun-diag.status.connected');
  });
  const answerTo = (payload: unknown) => {
    const out = nextMessage('out');
    node('diag').receive({ payload } as never);
    return out;
  };

  it('tells the cloud how good the network is now', async () => {
    const before = Date.now();
    const { aliyun } = await answerTo({ rssi: -52, snr: '30', per: 1, errStats: '10,2' });
    assert.equal((aliyun as { code: number }).code, 200);
    const [report] = bench.lamp.diagnoses as { p: { wifi: object; _time: number }; model: string }[];
    assert.deepEqual(report?.p.wifi, { rssi: -52, snr: 30, per: 1, err_stats: '10,2' });
    assert.ok((report?.p._time ?? 0) >= before);
    assert.equal(report?.model, 'format=simple|quantity=single|time=now');
  });

  it('tells what was measured earlier', async () => {
    await answerTo([
      { rssi: -52, time: 1_000 },
      { rssi: -60, time: 2_000 },
    ]);
    assert.deepEqual(bench.lamp.diagnoses, [
      {
        p: [
          { wifi: { rssi: -52 }, _time: 1_000 },
          { wifi: { rssi: -60 }, _time: 2_000 },
        ],
        model: 'format=simple|quantity=batch|time=history',
      },
    ]);
  });

  it('says what is wrong with a value', async () => {
    for (const [payload, text] of [
      [{ snr: 3 }, /must be an object with a number as rssi, not one without it/],
      [{ rssi: 'good' }, /must be an object with a number as rssi, not one in which it is good/],
      [
        { rssi: -50, per: {} },
        /must be an object with a number as per, not one in which it is an empty object/,
      ],
    ] as const) {
      const caught = nextError('errors');
      node('diag').receive({ payload } as never);
      assert.match((await caught).message, text);
    }
  });

  for (const payload of ['good', {}, { rssi: 'good' }, { rssi: -50, per: 'few' }, [{ rssi: -50 }, 5]]) {
    it(`refuses ${JSON.stringify(payload)}`, async () => {
      const caught = nextError('errors');
      node('diag').receive({ payload } as never);
      assert.equal((await caught).code, 'CONFIG');
      assert.deepEqual(bench.lamp.diagnoses, []);
    });
  }
});
