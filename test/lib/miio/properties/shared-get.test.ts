/** Reads that fall together: who shares one, and what stays behind. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { FakeDevice, properties } from './fake-device';

describe('a shared get', () => {
  let device: FakeDevice;
  let reader: PropertyAccess;
  const { signal } = new AbortController();

  beforeEach(() => {
    device = new FakeDevice().withMiot(3);
    reader = new PropertyAccess(device);
  });

  it('is sent once for all who ask at the same time, and again for who asks later', async () => {
    const ask = () => reader.getShared(properties(3), signal);
    const [one, other] = await Promise.all([ask(), ask()]);
    assert.deepEqual(one, other);
    assert.equal(device.sent.length, 1);
    await ask();
    assert.equal(device.sent.length, 2);
  });

  it('is not shared with who asks another device, or for something else', async () => {
    const second = new FakeDevice().withMiot(3);
    await Promise.all([
      reader.getShared(properties(3), signal),
      reader.getShared(properties(2), signal),
      reader.getShared([{ name: 'p1' }], signal).catch(() => undefined),
      new PropertyAccess(second).getShared(properties(3), signal),
    ]);
    assert.deepEqual([device.sent.length, second.sent.length], [3, 1]);
  });

  it('is not sent for who has left already', async () => {
    const reason = new Error('left');
    await assert.rejects(reader.getShared(properties(3), AbortSignal.abort(reason)), reason);
    assert.deepEqual(device.sent, []);
  });

  it('leaves no listener behind on a signal that lives on', async () => {
    for (let time = 0; time < 20; time++) await reader.getShared(properties(1), signal);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});
