import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  eventTopic,
  matchesFilter,
  otaTopic,
  parseTopic,
  replyTopic,
  requestTopic,
  subscriptions,
} from '../../../lib/aliyun/topics';

const identity = { productKey: 'pk', deviceName: 'd.n:1@x' };
const sys = '/sys/pk/d.n:1@x';

/** MQTT's own matching, for single-level wildcards. */
function isSubscribed(topic: string): boolean {
  const levels = topic.split('/');
  return subscriptions(identity).some((filter) => {
    const wanted = filter.split('/');
    return (
      wanted.length === levels.length && wanted.every((level, at) => level === '+' || level === levels[at])
    );
  });
}

describe('Aliyun topics', () => {
  it('make slashes of a method’s dots, but leave those of the names', () => {
    assert.equal(requestTopic(identity, 'thing.event.property.post'), `${sys}/thing/event/property/post`);
  });

  it('keep the dots of an event’s identifier, and subscribe and recognise its reply', () => {
    const topic = eventTopic(identity, '_LivingLink.alarm');
    assert.equal(topic, `${sys}/thing/event/_LivingLink.alarm/post`);
    assert.ok(isSubscribed(replyTopic(topic)));
    assert.deepEqual(parseTopic(identity, replyTopic(topic)), { kind: 'reply' });
  });

  it('name the four of OTA', () => {
    assert.equal(otaTopic(identity, 'inform'), '/ota/device/inform/pk/d.n:1@x');
    assert.equal(otaTopic(identity, 'upgrade'), '/ota/device/upgrade/pk/d.n:1@x');
  });

  for (const method of [
    'thing.event.property.post',
    'thing.event.alarm.post',
    'thing.event.module:alarm.post',
    'thing.event.property.history.post',
    'thing.event.property.batch.post',
    'thing.property.desired.get',
    'thing.property.desired.delete',
    'thing.deviceinfo.update',
    'thing.config.get',
    'thing.config.log.get',
    'thing.log.post',
    'thing.job.update',
    'thing.dsltemplate.get',
    'thing.reset',
    '_thing.diag.post',
  ]) {
    it(`subscribe and recognise the reply to ${method}`, () => {
      const topic = replyTopic(requestTopic(identity, method));
      assert.ok(isSubscribed(topic), topic);
      assert.deepEqual(parseTopic(identity, topic), { kind: 'reply' });
    });
  }

  const downlinks: [string, unknown, string][] = [
    [
      `${sys}/thing/service/property/set`,
      { kind: 'propertySet', sync: false },
      `${sys}/thing/service/property/set_reply`,
    ],
    [
      `${sys}/thing/service/mod:reboot`,
      { kind: 'service', sync: false, service: 'mod:reboot' },
      `${sys}/thing/service/mod:reboot_reply`,
    ],
    [
      `${sys}/thing/service/property/get`,
      { kind: 'request', sync: false, method: 'thing.service.property.get' },
      `${sys}/thing/service/property/get_reply`,
    ],
    [
      `${sys}/thing/config/push`,
      { kind: 'request', sync: false, method: 'thing.config.push' },
      `${sys}/thing/config/push_reply`,
    ],
    [
      `${sys}/thing/disable`,
      { kind: 'request', sync: false, method: 'thing.disable' },
      `${sys}/thing/disable_reply`,
    ],
    [`${sys}/rrpc/request/17`, { kind: 'rrpc', sync: true }, `${sys}/rrpc/response/17`],
    [
      `/ext/rrpc/17${sys}/thing/service/reboot`,
      { kind: 'service', sync: true, service: 'reboot' },
      `/ext/rrpc/17${sys}/thing/service/reboot`,
    ],
  ];
  for (const [topic, meaning, answer] of downlinks) {
    it(`subscribe ${topic}, recognise it and know where its answer goes`, () => {
      assert.ok(isSubscribed(topic));
      assert.deepEqual(parseTopic(identity, topic), meaning);
      assert.equal(replyTopic(topic), answer);
    });
  }

  for (const topic of [
    '',
    '/sys/pk/other/thing/service/reboot',
    '/sys/pk/dxn:1@x/thing/service/reboot',
    `${sys}/thing/service/reboot_reply`,
    `${sys}/thing/model/up_raw_reply`,
    `${sys}/thing/model/down_raw`,
    `${sys}/rrpc/request/`,
    `${sys}/rrpc/response/1`,
    `/ext/rrpc/${sys}/thing/service/reboot`,
    `/ext/rrpc/1${sys}/rrpc/request/2`,
    '/ota/device/upgrade/pk/d.n:1@x',
  ]) {
    it(`see nothing of theirs in ${JSON.stringify(topic)}`, () => {
      assert.equal(parseTopic(identity, topic), undefined);
    });
  }

  it('match filters as MQTT says', () => {
    for (const [filter, topic, expected] of [
      ['a/b', 'a/b', true],
      ['a/+', 'a/b', true],
      ['a/+', 'a/b/c', false],
      ['a/+', 'a', false],
      ['a/#', 'a', true],
      ['a/#', 'a/b/c', true],
      ['+/b', 'a/b', true],
      ['a', 'b', false],
    ] as const) {
      assert.equal(matchesFilter(filter, topic), expected, `${filter} ${topic}`);
    }
  });

  it('are few, for a device may have about 100 subscriptions', () => {
    assert.ok(subscriptions(identity).length <= 25);
  });

  it('are read without an exception, whatever the topic', () => {
    const level = fc.oneof(
      fc.string(),
      fc.constantFrom('sys', 'pk', 'd.n:1@x', 'thing', 'service', 'rrpc', 'ext', 'request', 'x_reply'),
    );
    fc.assert(
      fc.property(fc.array(level, { maxLength: 9 }), (levels) => {
        const topic = levels.join('/');
        const meaning = parseTopic(identity, topic);
        if (meaning) assert.ok(topic.includes('/pk/d.n:1@x/'));
        assert.ok(replyTopic(topic).length > 0);
      }),
    );
  });

  it('answer each service on its own topic, whatever its identifier', () => {
    const identifier = fc.stringMatching(/^[A-Za-z]\w{0,20}$/).filter((name) => !name.endsWith('_reply'));
    fc.assert(
      fc.property(identifier, (service) => {
        const topic = requestTopic(identity, `thing.service.${service}`);
        assert.deepEqual(parseTopic(identity, topic), { kind: 'service', sync: false, service });
        assert.equal(replyTopic(topic), `${topic}_reply`);
      }),
    );
  });
});
