import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import sinon from 'sinon';
import { Interruption } from '../../../../../lib/aliyun/ota/download/source';
import { MialinkError } from '../../../../../lib/errors';
import { problemOf } from '../../bench';
import { type Asked, REPLY, REQUEST, readAll, StreamBench } from './stream-bench';
import { blockFrame } from './stream-frame';

const LARGEST = 131_072;

describe('A firmware over MQTT', () => {
  const file = randomBytes(300_000);
  let bench: StreamBench;
  let time: sinon.SinonFakeTimers;

  beforeEach(() => {
    time = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    bench = new StreamBench(file);
  });
  afterEach(async () => {
    await bench.close();
    assert.equal(time.countTimers(), 0, 'no timer is left');
    assert.deepEqual(bench.channel.filters, [], 'no subscription is left');
    sinon.restore();
  });

  /** What the file could not be read for; `cause` is the text of an interruption. */
  const interruption = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => assert.fail('it was read'),
      (thrown: unknown) => thrown,
    );
    return error instanceof Interruption ? error.message : assert.fail(String(error));
  };

  it('comes block by block, of the last only what there is', async () => {
    assert.deepEqual(await readAll(bench.source()), file);
    assert.deepEqual(bench.blocks, [
      [0, LARGEST],
      [LARGEST, LARGEST],
      [2 * LARGEST, 37_856],
    ]);
  });

  it('tells its size, and begins where it is asked to', async () => {
    const piece = await bench.source().open(299_000);
    assert.deepEqual([piece.offset, piece.total], [299_000, 300_000]);
    assert.deepEqual(await readAll(bench.source(), 299_000), file.subarray(299_000));
  });

  it('is asked for as the document says, with QoS 0 and ids of their own', async () => {
    await readAll(bench.source({ blockBytes: 200_000 / 2 }));
    const [first] = bench.channel.published;
    assert.deepEqual([first?.topic, first?.qos], [REQUEST, 0]);
    const id = bench.asked[0]?.id ?? '';
    assert.match(id, /^\d{1,10}$/);
    assert.deepEqual(first?.payload, {
      id,
      version: '1.0',
      params: { fileInfo: { streamId: 1_397_345, fileId: 1 }, fileBlock: { size: 100_000, offset: 0 } },
    });
    assert.equal(new Set(bench.asked.map((asked) => asked.id)).size, 3);
  });

  it('is asked for with the token that came with the block before', async () => {
    bench.turns.push((asked) => bench.giveWith(asked, { fileToken: 'topsecret' }));
    await readAll(bench.source());
    assert.deepEqual(
      bench.asked.map(({ fileToken }) => fileToken),
      [undefined, 'topsecret', 'topsecret'],
    );
  });

  it('is asked for again after 10 s without a reply, and given up after the third repetition', async () => {
    bench.turns.push(bench.give, bench.lose, bench.lose, bench.lose, bench.lose);
    const cause = interruption(readAll(bench.source()));
    await time.tickAsync(39_999);
    assert.equal(bench.asked.length, 5);
    await time.tickAsync(1);
    assert.equal(await cause, 'no reply within 10000 ms');
    assert.deepEqual(bench.blocks.slice(1), Array(4).fill([LARGEST, LARGEST]));
  });

  it('is asked for three times more for each block anew', async () => {
    const { give, lose, spoil } = bench;
    bench.turns.push(lose, spoil, lose, give, spoil, lose, spoil, give);
    const all = readAll(bench.source());
    await time.tickAsync(30_000);
    assert.deepEqual(await all, file);
  });

  it('is asked for again at once when a checksum is wrong', async () => {
    const { spoil } = bench;
    bench.turns.push(spoil, spoil, spoil);
    assert.deepEqual(await readAll(bench.source()), file);
    bench.turns.push(spoil, spoil, spoil, spoil);
    assert.equal(await interruption(readAll(bench.source())), 'the checksum of its block is wrong');
  });

  it('takes a reply that comes after its time, and none twice', async () => {
    bench.turns.push(bench.lose, bench.lose);
    const all = readAll(bench.source());
    await time.tickAsync(10_000);
    assert.equal(bench.asked.length, 2);
    const [late, repeated] = bench.asked;
    bench.turns.push((asked) => {
      if (repeated) bench.give(repeated);
      bench.give(asked);
    });
    if (late) bench.give(late);
    assert.deepEqual(await all, file);
    assert.equal(bench.asked.length, 4);
  });

  it('takes nothing from strangers', async () => {
    bench.turns.push((asked) => {
      const { id, offset, size } = asked;
      const foreign = randomBytes(300_000);
      bench.channel.arrive(REPLY, blockFrame(`${id}0`, foreign, offset, size));
      bench.channel.arrive(REPLY, blockFrame(id, foreign, 256, size));
      bench.channel.arrive(REPLY, randomBytes(1000));
      bench.channel.arrive(REPLY, '');
      bench.channel.arrive(REPLY.replace('download', 'upload'), blockFrame(id, foreign, offset, size));
      bench.give(asked);
    });
    assert.deepEqual(await readAll(bench.source()), file);
    assert.equal(bench.asked.length, 3);
  });

  it('says so when its size changes, and can be opened again', async () => {
    const source = bench.source();
    bench.turns.push(bench.give, ({ id, offset, size }) => {
      bench.channel.arrive(REPLY, blockFrame(id, randomBytes(400_000), offset, size));
    });
    assert.equal(await interruption(readAll(source)), 'the size of the file has changed');
    assert.deepEqual(await readAll(source, LARGEST), file.subarray(LARGEST));
  });

  it('is asked for one block at a time, however fast it is read', async () => {
    let waiting = 0;
    let most = 0;
    const slowly = (asked: Asked) => {
      waiting += 1;
      most = Math.max(most, waiting);
      void setImmediate().then(() => {
        waiting -= 1;
        bench.give(asked);
      });
    };
    bench.turns.push(...Array<typeof slowly>(30).fill(slowly));
    assert.deepEqual(await readAll(bench.source({ blockBytes: 10_000 })), file);
    assert.deepEqual([bench.asked.length, most], [30, 1]);
  });

  it('may be read in part, which leaves no rejection behind', async () => {
    const unhandled = sinon.spy();
    process.once('unhandledRejection', unhandled);
    const source = bench.source();
    bench.turns.push(bench.give, bench.lose);
    for await (const chunk of (await source.open(0)).chunks) {
      assert.deepEqual(chunk, file.subarray(0, LARGEST));
      break;
    }
    await source.close();
    await setImmediate();
    process.off('unhandledRejection', unhandled);
    sinon.assert.notCalled(unhandled);
  });

  describe('that is ended', () => {
    it('by the signal, stops at once, whatever it waits for', async () => {
      const never = () => new Promise<void>(() => {});
      const away = async () => Promise.reject(new MialinkError('notConnected', { device: 'lamp' }));
      for (const send of [never, away, async () => {}]) {
        const abort = new AbortController();
        bench.channel.send = send;
        const problem = problemOf(readAll(bench.source({ signal: abort.signal })));
        await time.tickAsync(100);
        abort.abort();
        assert.equal((await problem).reason, 'aborted');
      }
      const { length } = bench.channel.published;
      await time.tickAsync(60_000);
      assert.equal(bench.channel.published.length, length, 'nothing is asked for afterwards');
    });

    it('by a signal of earlier, asks for nothing', async () => {
      const source = bench.source({ signal: AbortSignal.abort() });
      assert.equal((await problemOf(source.open(0))).reason, 'aborted');
      assert.deepEqual(bench.channel.published, []);
    });

    it('by close, stops between two blocks too', async () => {
      const source = bench.source();
      const { chunks } = await source.open(0);
      await source.close();
      const blocks = chunks[Symbol.asyncIterator]();
      await blocks.next();
      assert.equal((await problemOf(blocks.next())).reason, 'closed');
      assert.equal(bench.asked.length, 1);
    });
  });
});
