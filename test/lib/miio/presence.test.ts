/** Who appears, moves and disappears from one search to the next. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FoundDevice } from '../../../lib/miio/discovery';
import { CHANGES, Presence, type PresenceChanges } from '../../../lib/miio/presence';

function device(deviceId: string, address = `10.0.0.${deviceId}`, stamp = 1): FoundDevice {
  return { address, port: 54_321, deviceId, stamp };
}

/** The ids in each list that is not empty. */
function brief(changes: PresenceChanges): Partial<Record<keyof PresenceChanges, string>> {
  const filled = CHANGES.filter((change) => changes[change].length > 0);
  return Object.fromEntries(
    filled.map((change) => [change, changes[change].map(({ deviceId }) => deviceId).join()]),
  );
}

describe('the presence of devices', () => {
  let presence: Presence;

  beforeEach(() => {
    presence = new Presence();
  });

  const search = (...found: FoundDevice[]) => brief(presence.searched(found));
  const there = () => presence.devices.map(({ deviceId }) => deviceId).join();

  it('begins when a device is found, and goes on while it is', () => {
    assert.deepEqual(search(device('1')), { appeared: '1' });
    assert.deepEqual(search(device('1'), device('2')), { appeared: '2', present: '1' });
    assert.deepEqual(search(device('1'), device('2')), { present: '1,2' });
  });

  it('does not end by one search without an answer', () => {
    search(device('1'));
    assert.deepEqual(search(), {});
    assert.equal(there(), '1');
    assert.deepEqual(search(device('1')), { present: '1' });
    assert.deepEqual(search(), {}, 'counted anew');
  });

  it('ends by two in a row, with what was last known', () => {
    search(device('1', '10.0.0.1', 5));
    search();
    assert.deepEqual(presence.searched([]).disappeared, [device('1', '10.0.0.1', 5)]);
    assert.equal(there(), '');
    assert.deepEqual(search(), {}, 'told once');
    assert.deepEqual(search(device('1')), { appeared: '1' });
  });

  it('goes on at another address or port, as a move', () => {
    search(device('1'));
    assert.deepEqual(search(device('1', '10.0.0.99')), { moved: '1' });
    assert.deepEqual(search(device('1', '10.0.0.99')), { present: '1' });
    assert.deepEqual(search({ ...device('1', '10.0.0.99'), port: 1 }), { moved: '1' });
    search();
    assert.deepEqual(search(device('1')), { moved: '1' }, 'missed on its way');
    assert.deepEqual(presence.devices, [device('1')]);
  });

  it('is another when another device takes the address', () => {
    search(device('1'));
    assert.deepEqual(search(device('2', '10.0.0.1')), { appeared: '2' });
    assert.deepEqual(search(device('2', '10.0.0.1')), { present: '2', disappeared: '1' });
  });

  it('is not ended by a search of a part', () => {
    search(device('1'), device('2'));
    for (let searches = 0; searches < 3; searches++) {
      assert.deepEqual(brief(presence.met([device('2')])), { present: '2' });
    }
    assert.equal(there(), '1,2');
    search();
    assert.deepEqual(brief(presence.met([device('1', '10.0.0.99')])), { moved: '1' });
    assert.deepEqual(search(), { disappeared: '2' }, 'device 1 was seen meanwhile');
  });

  it('adds up: who appeared and has not disappeared is there', () => {
    const searches = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 5 })), { maxLength: 20 });
    fc.assert(
      fc.property(searches, (all) => {
        const watched = new Presence();
        const told = new Set<string>();
        for (const ids of all) {
          const changes = watched.searched(ids.map((id) => device(`${id}`)));
          for (const { deviceId } of changes.appeared) {
            assert.ok(!told.has(deviceId));
            told.add(deviceId);
          }
          for (const { deviceId } of changes.disappeared) assert.ok(told.delete(deviceId));
          assert.deepEqual(new Set(watched.devices.map(({ deviceId }) => deviceId)), told);
        }
      }),
    );
  });
});
