/** Stamps that no clock should show, and clocks that jump: the command gets through, and the wire stays legal. */
import assert from 'node:assert/strict';
import type { Request } from '../puppet';
import { Stage } from './stage';

describe('a miIO session with a device whose clock', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  const stampOf = (request: Request | undefined) => request?.stamp ?? assert.fail('a command was sent');
  const lastStamp = () => stampOf(stage.puppet.requests.at(-1));
  /** Between both, the seconds that the test takes. */
  const isSoonAfter = (stamp: number, expected: number) => (stamp - expected) >>> 0 <= 5;

  const stamps: [string, number][] = [
    ['shows 0', 0],
    ['shows ffffffff, and wraps', 0xffff_ffff],
    ['shows 7fffffff, the last of a signed number', 0x7fff_ffff],
    ['shows 80000000, a negative one', 0x8000_0000],
    ['shows the time of the day', 1_700_000_000],
  ];
  for (const [what, stamp] of stamps) {
    it(what, async () => {
      stage.puppet.stamp = stamp;
      for (let n = 0; n < 2; n++) {
        assert.deepEqual(await stage.client.result('get'), ['ok']);
        assert.ok(isSoonAfter(lastStamp(), stamp), `${lastStamp()}`);
      }
    });
  }

  const jumps: [string, number][] = [
    ['goes back to 0', 0],
    ['goes back a little', 990],
    ['jumps far ahead', 0xffff_fff0],
  ];
  for (const [what, stamp] of jumps) {
    it(`${what} between two answers`, async () => {
      await stage.client.warmUp();
      stage.puppet.stamp = stamp;
      assert.deepEqual(await stage.client.result('get'), ['ok']);
      assert.deepEqual(await stage.client.result('get'), ['ok']);
      assert.ok(isSoonAfter(lastStamp(), stamp), 'the answer has told it');
    });
  }

  it('is told wrong by old and by unsigned answers is not believed when the command is repeated', async () => {
    await stage.client.warmUp();
    const { id } = await stage.client.call('get');
    stage.puppet.onRequest = (request) => {
      stage.arrive(stage.sealed({ id, result: ['old'] }, { stamp: 77 }));
      stage.arrive(stage.sealed({ id: request.id, result: ['lie'] }, { token: Buffer.alloc(16), stamp: 88 }));
      stage.puppet.onRequest = (repeated) => stage.puppet.result(repeated, ['true']);
    };
    assert.deepEqual(await stage.client.result('get'), ['true']);
    assert.ok(isSoonAfter(lastStamp(), 1_000), `${lastStamp()}`);
  });
});
