/** What becomes of a kept post that was not delivered. */
import assert from 'node:assert/strict';
import { isRefusedForGood } from '../../../../lib/aliyun/outbox/verdict';
import { MialinkError } from '../../../../lib/errors';
import { refusal } from './posts';

describe('a post that was not delivered', () => {
  it('is refused for good by a code that is about the post', () => {
    for (const code of [400, 460, 5092, 6106, 6203, 6306, 6328]) {
      assert.ok(isRefusedForGood(refusal(code)), `${code}`);
    }
    assert.ok(isRefusedForGood(new MialinkError('payloadInvalid')));
    assert.ok(isRefusedForGood(new MialinkError('downlinkMalformed')));
  });

  it('is kept while the cloud is busy, at fault, or has the device disabled', () => {
    for (const code of [429, 500, 5159, 6204]) assert.ok(!isRefusedForGood(refusal(code)), `${code}`);
  });

  it('is kept when it did not get there, or nobody answered', () => {
    for (const reason of [
      'connectionLost',
      'noReply',
      'closed',
      'signInRefused',
      'deviceDisabled',
    ] as const) {
      assert.ok(!isRefusedForGood(new MialinkError(reason)), reason);
    }
    assert.ok(!isRefusedForGood(new TypeError('a mistake of ours')));
  });
});
