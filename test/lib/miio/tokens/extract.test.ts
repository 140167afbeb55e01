/** Every file that holds tokens, made by other programs, gives its devices. */
import assert from 'node:assert/strict';
import { extractTokens } from '../../../../lib/miio/tokens';
import { LAMP, PASSWORD, PLUG, useFixtures } from './fixtures';

describe('the tokens', () => {
  const fixtures = useFixtures();
  const extract = (name: string, password?: string) =>
    extractTokens({ path: fixtures.file(name) }, { password });

  it('are in the database of Mi Home on Android; who hides his is left out', async () => {
    assert.deepEqual(await extract('android.sqlite'), [LAMP, PLUG]);
  });

  it('are in the database of Mi Home on iOS, encrypted or not', async () => {
    assert.deepEqual(await extract('ios.sqlite'), [
      { ...LAMP, deviceId: '' },
      { ...PLUG, deviceId: '', name: 'Plug' },
    ]);
  });

  it('are in a database that was copied from a running phone, without its log', async () => {
    assert.deepEqual(await extract('alonewal.sqlite'), [LAMP]);
  });

  it('are in the log beside such a database too', async () => {
    assert.deepEqual(await extract('copiedwal.sqlite'), [LAMP, PLUG]);
  });

  for (const version of [1, 2, 3, 4, 5]) {
    it(`are in an Android backup of version ${version}: packed, not packed, encrypted`, async () => {
      assert.deepEqual(await extract(`packed-${version}.ab`), [LAMP, PLUG]);
      assert.deepEqual(await extract(`stored-${version}.ab`), [LAMP, PLUG]);
      assert.deepEqual(await extract(`encrypted-${version}.ab`, PASSWORD), [LAMP, PLUG]);
    });
  }

  it('are in a backup that an old phone encrypted with half of each character', async () => {
    assert.deepEqual(await extract('encrypted-low8.ab', PASSWORD), [LAMP, PLUG]);
  });

  it('are in a backup that is encrypted and not packed', async () => {
    assert.deepEqual(await extract('encrypted-stored.ab', PASSWORD), [LAMP, PLUG]);
  });

  it('are in a backup of Yeelight, and in its file alone', async () => {
    assert.deepEqual(await extract('yeelight.ab'), [LAMP]);
    assert.deepEqual(await extract('miot.xml'), [LAMP]);
  });

  for (const kind of ['ustar', 'gnu', 'pax']) {
    it(`are in a ${kind} archive`, async () => {
      assert.deepEqual(await extract(`${kind}.tar`), [LAMP, PLUG]);
    });
  }

  for (const kind of ['gnu', 'pax']) {
    it(`are in the log of a database whose path is a long one of ${kind}`, async () => {
      assert.deepEqual(await extract(`live-${kind}.tar`), [LAMP, PLUG]);
    });
  }

  it('are in a cache file, and in a folder with files of all kinds, each device once', async () => {
    assert.deepEqual(await extract('cache.txt'), [LAMP]);
    assert.deepEqual(await extract('folder'), [LAMP, PLUG]);
  });
});
