/** Many who miss a device at a time: one search for each local address, whose answers serve all. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FoundDevice } from '../../../lib/miio/discovery';
import { Locator, type SearchAll } from '../../../lib/miio/locator';
import { type Deferred, deferred } from '../../../lib/wait';

type Running = Parameters<SearchAll>[0] & { over: Deferred<void> };

function found(deviceId: string, address: string): FoundDevice {
  return { deviceId, address, port: 54_321, stamp: 1 };
}

describe('the search for devices that keep silent', () => {
  const never = new Promise<never>(() => undefined);
  let searches: Running[];
  let locator: Locator;

  beforeEach(() => {
    searches = [];
    locator = new Locator((options) => {
      const over = deferred<void>();
      searches.push({ ...options, over });
      return over.promise;
    });
  });

  it('is one for all who wait, and tells each of them', async () => {
    const wanted = ['1', '2', '3'].map((id) => locator.locate(id, '', never));
    searches[0]?.onFound(found('1', '10.0.0.11'));
    searches[0]?.onFound(found('2', '10.0.0.12'));
    searches[0]?.over.resolve();
    assert.deepEqual(await Promise.all(wanted), ['10.0.0.11', '10.0.0.12', undefined]);
    assert.equal(searches.length, 1);
  });

  it('tells those who come later what was found before', async () => {
    const first = locator.locate('1', '', never);
    searches[0]?.onFound(found('2', '10.0.0.12'));
    assert.equal(await locator.locate('2', '', never), '10.0.0.12');
    assert.equal(searches[0]?.signal.aborted, false, 'the first still waits');
    searches[0]?.over.reject(new Error('no interface'));
    assert.equal(await first, undefined);
  });

  it('is another one from another address', () => {
    void locator.locate('1', '', never);
    void locator.locate('1', '10.0.0.1', never);
    assert.deepEqual(
      searches.map(({ bindAddress }) => bindAddress),
      ['', '10.0.0.1'],
    );
  });

  it('ends with the last who waits; whoever comes then has a new one', async () => {
    const ended = deferred<void>();
    const both = [locator.locate('1', '', ended.promise), locator.locate('2', '', never)];
    ended.reject(new Error('the command has failed'));
    assert.equal(await both[0], undefined);
    assert.equal(searches[0]?.signal.aborted, false);
    searches[0]?.onFound(found('2', '10.0.0.12'));
    assert.equal(await both[1], '10.0.0.12');
    assert.equal(searches[0]?.signal.aborted, true);
    await nextTurn();
    void locator.locate('1', '', never);
    assert.equal(searches.length, 2);
  });
});
