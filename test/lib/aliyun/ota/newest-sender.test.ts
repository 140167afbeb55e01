/** What cannot be sent is tried again, at a connect or after a while. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { NewestSender } from '../../../../lib/aliyun/ota/newest-sender';
import { MialinkError, type Reason } from '../../../../lib/errors';

describe('the sender of the newest', () => {
  let clock: sinon.SinonFakeTimers;
  let sent: string[];
  let ended: string[];
  let reason: Reason | undefined;
  let sender: NewestSender<string>;

  beforeEach(() => {
    clock = sinon.useFakeTimers();
    sent = [];
    ended = [];
    sender = new NewestSender(
      async (value) => {
        sent.push(value);
        if (reason) throw new MialinkError(reason, { device: 'lamp' });
      },
      (value) => ended.push(value),
    );
  });
  afterEach(() => clock.restore());

  for (const busy of ['uplinkBusy', 'noReply'] as const) {
    it(`tries again while connected after ${busy}, later and later`, async () => {
      reason = busy;
      await sender.send('a');
      await clock.tickAsync(2_000);
      assert.equal(sent.length, 2);
      await clock.tickAsync(600_000);
      assert.ok(sent.length > 10 && sent.length < 22, String(sent.length));
      reason = undefined;
      await clock.tickAsync(60_000);
      assert.deepEqual(ended, ['a']);
      assert.equal(clock.countTimers(), 0);
    });
  }

  it('waits for the connect while the broker is away', async () => {
    reason = 'notConnected';
    await sender.send('a');
    assert.equal(clock.countTimers(), 0);
    reason = undefined;
    await sender.connected();
    assert.deepEqual([sent, ended], [['a', 'a'], ['a']]);
  });

  it('gives up what can never be sent', async () => {
    reason = 'payloadInvalid';
    await sender.send('a');
    await sender.connected();
    assert.deepEqual([sent, ended, clock.countTimers()], [['a'], ['a'], 0]);
  });

  it('does not wait with a newer one, and then tries no more', async () => {
    reason = 'uplinkBusy';
    await sender.send('a');
    reason = undefined;
    await sender.send('b');
    assert.deepEqual([sent, ended, clock.countTimers()], [['a', 'b'], ['b'], 0]);
  });

  it('tries no more what it was told to drop', async () => {
    reason = 'uplinkBusy';
    await sender.send('a');
    sender.drop();
    assert.equal(clock.countTimers(), 0);
    const trying = sender.send('b');
    sender.drop();
    await trying;
    assert.deepEqual([sent, ended, clock.countTimers()], [['a', 'b'], [], 0]);
  });
});
