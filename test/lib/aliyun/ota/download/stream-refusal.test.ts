import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import sinon from 'sinon';
import { Interruption } from '../../../../../lib/aliyun/ota/download/source';
import { MialinkError, type Reason } from '../../../../../lib/errors';
import { problemOf } from '../../bench';
import { readAll, StreamBench } from './stream-bench';

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
    sinon.restore();
  });

  describe('that the cloud refuses', () => {
    it('may be refused for the size of its blocks: less is asked for, from then on', async () => {
      bench.turns.push(bench.refuse(460), bench.refuse(460));
      assert.deepEqual(await readAll(bench.source()), file);
      assert.deepEqual(bench.blocks.slice(0, 4), [
        [0, 131_072],
        [0, 65_536],
        [0, 32_768],
        [32_768, 32_768],
      ]);
    });

    it('in the smallest block too, fails with the words of the cloud', async () => {
      for (let size = 131_072; size >= 256; size /= 2) bench.turns.push(bench.refuse(460, 'no such file'));
      const problem = await problemOf(readAll(bench.source()));
      assert.equal(problem.reason, 'otaDownloadFailed');
      assert.deepEqual(problem.peer, { code: 460, message: 'no such file' });
      assert.match(problem.message, /^lamp: .*460 no such file/);
      assert.deepEqual(bench.blocks.at(-1), [0, 256]);
      assert.deepEqual(bench.turns, []);
    });

    it('after its first block, fails at once', async () => {
      bench.turns.push(
        (asked) => bench.giveWith(asked, { fileToken: 'topsecret' }),
        bench.refuse(6204, 'disabled'),
      );
      const problem = await problemOf(readAll(bench.source()));
      assert.deepEqual([problem.reason, problem.peer?.code], ['otaDownloadFailed', 6204]);
      assert.doesNotMatch(JSON.stringify({ ...problem, text: problem.message }), /topsecret/);
      assert.equal(bench.asked.length, 2);
    });

    it('because it is too busy, may be tried again later', async () => {
      for (const code of [429, 500, 503]) {
        bench.asked.length = 0;
        bench.turns.push(bench.refuse(code, 'busy'));
        const error = await readAll(bench.source()).catch((thrown: unknown) => thrown);
        assert.ok(error instanceof Interruption);
        assert.equal(error.message, `the cloud refused a block: ${code} busy`);
        assert.equal(bench.asked.length, 1);
      }
    });
  });

  describe('whose messages cannot be sent', () => {
    /** The next so many messages are kept back for this reason. */
    function keepBack(times: number, reason: Reason): void {
      const { send } = bench.channel;
      let left = times;
      bench.channel.send = async () => {
        if (left-- > 0) throw new MialinkError(reason, { device: 'lamp' });
        await send();
      };
    }

    it('waits for the broker as long as it takes, which is no failure of a block', async () => {
      for (const reason of ['notConnected', 'connectionLost', 'uplinkBusy'] as const) {
        keepBack(100, reason);
        const all = readAll(bench.source());
        await time.tickAsync(100_000);
        assert.deepEqual(await all, file);
      }
    });

    it('does not ask in vain all the time meanwhile', async () => {
      keepBack(1000, 'notConnected');
      const source = bench.source();
      const problem = problemOf(readAll(source));
      await time.tickAsync(10_000);
      assert.ok(bench.channel.published.length <= 11, `${bench.channel.published.length} times in 10 s`);
      await source.close();
      await problem;
      const { length } = bench.channel.published;
      await time.tickAsync(10_000);
      assert.equal(bench.channel.published.length, length, 'closed, it asks no more');
    });

    it('may be tried again later when the sign-in is refused', async () => {
      keepBack(1, 'signInRefused');
      await assert.rejects(readAll(bench.source()), Interruption);
    });

    it('fails for good when the device is closed', async () => {
      keepBack(1, 'closed');
      assert.equal((await problemOf(readAll(bench.source()))).reason, 'closed');
    });
  });
});
