import assert from 'node:assert/strict';
import fc from 'fast-check';
import { deleteTags, getTags, updateTags } from '../../../../lib/aliyun/functions/tags';
import { problemOf } from '../bench';
import { FakeChannel } from './fake-channel';

describe('tags', () => {
  let channel: FakeChannel;

  beforeEach(() => {
    channel = new FakeChannel();
  });

  it('are set as texts', async () => {
    const reply = await updateTags(channel, { room: 'attic', floor: 3, spare: false });
    assert.deepEqual(reply, { id: '1', code: 200, message: 'success', data: {} });
    const params = [
      { attrKey: 'room', attrValue: 'attic' },
      { attrKey: 'floor', attrValue: '3' },
      { attrKey: 'spare', attrValue: 'false' },
    ];
    assert.deepEqual(channel.requests, [{ method: 'thing.deviceinfo.update', params }]);
  });

  it('are deleted by key', async () => {
    await deleteTags(channel, ['room', 'a_-#@%&*.9']);
    const params = [{ attrKey: 'room' }, { attrKey: 'a_-#@%&*.9' }];
    assert.deepEqual(channel.requests, [{ method: 'thing.deviceinfo.delete', params }]);
  });

  it('are got as an object, without those that the device does not have', async () => {
    channel.answer = () => [{ attrKey: 'room', attrValue: 'attic' }];
    assert.deepEqual((await getTags(channel, ['room', 'floor'])).data, { room: 'attic' });
    const params = { attrKeys: ['room', 'floor'] };
    assert.deepEqual(channel.requests, [{ method: 'thing.deviceinfo.get', params }]);
  });

  it('are got without harm from a reply that is nonsense', async () => {
    channel.answer = () => [
      null,
      1,
      { attrKey: 'a' },
      { attrKey: '__proto__', attrValue: 'x' },
      { attrValue: 'b' },
    ];
    assert.deepEqual(Object.getOwnPropertyNames((await getTags(channel, ['room'])).data), []);
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (data) => {
        channel.answer = () => data;
        const tags = (await getTags(channel, ['room'])).data;
        assert.ok(Object.values(tags).every((value) => typeof value === 'string'));
      }),
    );
  });

  it('must have a key that the cloud takes, else none is sent', async () => {
    for (const key of ['', 'living room', 'é', 'a'.repeat(31), 'a$']) {
      for (const work of [
        updateTags(channel, { fine: 'yes', [key]: 'x' }),
        deleteTags(channel, ['fine', key]),
        getTags(channel, ['fine', key]),
      ]) {
        const { code, values, message } = await problemOf(work);
        assert.deepEqual([code, values.key], ['CONFIG', key]);
        assert.match(
          message,
          /lamp-1 .*tag .* was not sent: a key has 1 to 30 letters, digits or any of _ - #/,
        );
      }
    }
    await updateTags(channel, { [`${'a'.repeat(30)}`]: 'x' });
    assert.equal(channel.requests.length, 1);
  });

  it('must have a value of 128 characters at most, Chinese and Japanese ones counted twice', async () => {
    for (const value of ['x'.repeat(128), '灯'.repeat(64), 'カ'.repeat(64), `${'灯'.repeat(63)}ab`]) {
      await updateTags(channel, { room: value });
    }
    assert.equal(channel.requests.length, 4);
    const wrong = ['', 'x'.repeat(129), '灯'.repeat(65), `${'カ'.repeat(63)}abc`, null, {}, ['a'], undefined];
    for (const value of wrong) {
      const { code, message } = await problemOf(updateTags(channel, { fine: 'yes', room: value }));
      assert.equal(code, 'CONFIG');
      assert.match(message, /lamp-1 .*tag room was not sent: a value is text of 1 to 128 characters/);
    }
    assert.equal(channel.requests.length, 4);
  });

  it('must not be none, and not too many', async () => {
    const keys = Array.from({ length: 201 }, (_, at) => `key${at}`);
    const rules = [
      [updateTags(channel, {}), '1 to 200 tags, not 0'],
      [updateTags(channel, Object.fromEntries(keys.map((key) => [key, 'x']))), '1 to 200 tags, not 201'],
      [deleteTags(channel, []), '1 to 200 tags, not 0'],
      [deleteTags(channel, keys), '1 to 200 tags, not 201'],
      [getTags(channel, []), '1 to 10 tags, not 0'],
      [getTags(channel, keys.slice(0, 11)), '1 to 10 tags, not 11'],
    ] as const;
    for (const [work, rule] of rules) {
      const { code, message } = await problemOf(work);
      assert.equal(code, 'CONFIG');
      assert.ok(message.includes(rule), message);
    }
    await getTags(channel, keys.slice(0, 10));
    assert.equal(channel.requests.length, 1);
  });
});
