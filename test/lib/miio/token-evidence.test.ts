/** What commands show of the token. */
import assert from 'node:assert/strict';
import { TokenEvidence } from '../../../lib/miio/token-evidence';

describe('the evidence for a miIO token', () => {
  const stateAfter = (...events: (readonly ['answered' | 'silent', string] | readonly ['rejected'])[]) => {
    const token = new TokenEvidence();
    for (const [event, method = ''] of events) token[event](method);
    return token.state;
  };

  it('is an answer, and doubtful after a silence to what was answered', () => {
    assert.equal(stateAfter(), 'untried');
    assert.equal(stateAfter(['answered', 'get']), 'proven');
    assert.equal(stateAfter(['answered', 'get'], ['silent', 'get']), 'doubted');
    assert.equal(stateAfter(['answered', 'get'], ['silent', 'get'], ['answered', 'set']), 'proven');
  });

  it('bears one method that the device ignores, but not a second one', () => {
    assert.equal(stateAfter(['answered', 'get'], ['silent', 'set'], ['silent', 'set']), 'proven');
    assert.equal(stateAfter(['answered', 'get'], ['silent', 'set'], ['silent', 'off']), 'doubted');
    assert.equal(
      stateAfter(['answered', 'get'], ['silent', 'set'], ['answered', 'get'], ['silent', 'off']),
      'proven',
    );
  });

  it('is not changed by a silence when there is none, or when it speaks against the token', () => {
    assert.equal(stateAfter(['silent', 'get'], ['silent', 'set']), 'untried');
    assert.equal(stateAfter(['answered', 'get'], ['rejected'], ['silent', 'get']), 'rejected');
    assert.equal(stateAfter(['rejected'], ['answered', 'get']), 'proven');
  });
});
