import assert from 'node:assert/strict';
import { localAddressTo } from '../../../lib/miio/local-address';

describe('the local address to a device', () => {
  it('is that of the interface that leads there', async () => {
    assert.equal(await localAddressTo('127.0.0.5', 'desk lamp'), '127.0.0.1');
  });

  it('is not there where no way leads, and the error says to which device', async () => {
    await assert.rejects(localAddressTo('255.255.255.255', 'desk lamp'), {
      reason: 'unreachable',
      message: /desk lamp.*E[A-Z]+/,
    });
  });
});
