/** What a person writes as a topic, and which topic that is. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: so a person writes the placeholders
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  broadcastToAll,
  expandBroadcast,
  expandFilter,
  expandTopic,
} from '../../../../lib/aliyun/functions/custom-topic';
import { MialinkError } from '../../../../lib/errors';

const owner = {
  label: 'lamp-1 (a1b2c3d4e5f)',
  identity: { productKey: 'a1b2c3d4e5f', deviceName: 'lamp-1' },
};
const own = '/a1b2c3d4e5f/lamp-1';

function refusal(work: () => string): MialinkError {
  try {
    return assert.fail(`it gave ${work()}`);
  } catch (error) {
    if (error instanceof MialinkError) return error;
    throw error;
  }
}

describe('a custom topic', () => {
  const written: [string, string][] = [
    ['update', `${own}/update`],
    ['update/error', `${own}/update/error`],
    ['user/update', `${own}/user/update`],
    ['/user/update', `${own}/user/update`],
    [' user/update\n', `${own}/user/update`],
    [`${own}/user/update`, `${own}/user/update`],
    [`${own.slice(1)}/user/update`, `${own}/user/update`],
    ['/${productKey}/${deviceName}/user/update', `${own}/user/update`],
    ['user/${deviceName}/${productKey}', `${own}/user/lamp-1/a1b2c3d4e5f`],
    [`/sys${own}/thing/event/property/post`, `/sys${own}/thing/event/property/post`],
    ['/ext/error/${productKey}/${deviceName}', `/ext/error${own}`],
    [`/ota/device/inform${own}`, `/ota/device/inform${own}`],
  ];
  for (const [text, topic] of written) {
    it(`written as ${JSON.stringify(text)} is ${topic}`, () => {
      assert.equal(expandTopic(owner, text), topic);
      assert.equal(expandFilter(owner, text), topic);
    });
  }

  const foreign = [
    '/a1b2c3d4e5f/lamp-2/user/update',
    '/a1other/lamp-1/user/update',
    '/sys/a1b2c3d4e5f/lamp-10/thing/model/up_raw',
    '/ext/ntp/a1other/lamp-1/request',
    own,
    '/update',
    '/+/+/user/update',
  ];
  for (const topic of foreign) {
    it(`${topic} of another device is refused, and it is said how to write one's own`, () => {
      const { code, reason, message } = refusal(() => expandFilter(owner, topic));
      assert.deepEqual([code, reason], ['CONFIG', 'topicForeign']);
      assert.match(message, /^lamp-1 .* is not one of this device.*write user\/update/);
      assert.ok(message.includes(topic));
    });
  }

  it('may have wildcards where it is subscribed, each in its place', () => {
    assert.equal(expandFilter(owner, 'user/+/state'), `${own}/user/+/state`);
    assert.equal(expandFilter(owner, 'user/#'), `${own}/user/#`);
    assert.equal(expandFilter(owner, '#'), `${own}/#`);
    for (const filter of ['user/a+', 'user/+a', 'user/#/a', 'user/a#', '##', '+#']) {
      assert.match(refusal(() => expandFilter(owner, filter)).message, /\+ is a whole level, and # the last/);
    }
  });

  it('has no wildcards where something is published', () => {
    for (const topic of ['user/+', 'user/#', 'user/a+b']) {
      const { code, message } = refusal(() => expandTopic(owner, topic));
      assert.equal(code, 'CONFIG');
      assert.match(message, /without wildcards/);
    }
  });

  it('is refused when it is empty, has blanks in it, or is longer than the cloud takes', () => {
    for (const nothing of ['', ' ', '/']) {
      assert.match(refusal(() => expandTopic(owner, nothing)).message, /one such as user\/update/);
    }
    for (const blank of ['user/a b', 'user/a\u0000b', 'user/a\tb']) {
      assert.match(refusal(() => expandTopic(owner, blank)).message, /without blanks/);
    }
    const room = 128 - `${own}/user/`.length;
    assert.equal(expandTopic(owner, `user/${'x'.repeat(room)}`).length, 128);
    const { message } = refusal(() => expandTopic(owner, `user/${'x'.repeat(room + 1)}`));
    assert.match(message, /at most 128 bytes long/);
    assert.match(refusal(() => expandTopic(owner, 'user/'.concat('灯'.repeat(40)))).message, /128 bytes/);
  });

  it('is one of this device, or a MialinkError that quotes little of it, whatever was written', () => {
    const part = fc.constantFrom(
      '/',
      'user',
      'sys',
      'a1b2c3d4e5f',
      'lamp-1',
      '+',
      '#',
      '${deviceName}',
      '..',
      ' ',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (written, isFilter) => {
        try {
          const topic = (isFilter ? expandFilter : expandTopic)(owner, written);
          assert.ok(`${topic}/`.includes(`${own}/`), topic);
          assert.ok(isFilter || !/[+#]/.test(topic), topic);
        } catch (error) {
          assert.ok(error instanceof MialinkError && error.message.length < 300, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a broadcast', () => {
  it('is subscribed by its name, or in whole', () => {
    for (const text of [
      'alarm',
      '/alarm',
      '/broadcast/a1b2c3d4e5f/alarm',
      '/broadcast/${productKey}/alarm',
    ]) {
      assert.equal(expandBroadcast(owner, text), '/broadcast/a1b2c3d4e5f/alarm');
    }
  });

  it('of another product is refused', () => {
    assert.equal(refusal(() => expandBroadcast(owner, '/broadcast/a1other/alarm')).reason, 'topicForeign');
  });

  it('without a name goes to all devices, each of which gets it below its own names', () => {
    assert.equal(broadcastToAll(owner), `/sys${own}/broadcast/request/+`);
  });
});
