/** What goes wrong with the simulated cloud: uplinks and replies that get lost, a connection that goes dead. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { MqttClient } from 'mqtt';
import sinon from 'sinon';
import { Throttle } from '../../simulators/cloud/throttle';
import { ask, request, SYS, seen, useCloud } from './cloud-clients';

const POST = 'thing/event/property/post';

describe('the faults of the simulated cloud', () => {
  const run = useCloud();
  let client: MqttClient;
  let replies: string[];

  beforeEach(async () => {
    client = await run.clients.subscribed(`${SYS}thing/event/property/+`, `${SYS}thing/event/x/+`);
    replies = [];
    client.on('message', (_topic, payload) => replies.push(JSON.parse(payload.toString()).id));
  });

  function post(id: number, value = 1): void {
    client.publish(
      SYS + POST,
      JSON.stringify(request('thing.event.property.post', { value }, { id: `${id}` })),
    );
  }

  /** When it resolves, what was posted before has been answered, as far as it is. */
  async function settle(): Promise<void> {
    const mark = request('thing.event.x.post', { value: {} }, { id: '9999' });
    await ask(client, 'thing/event/x/post', mark);
    replies = replies.filter((id) => id !== '9999');
  }

  it('drop what is above the rate without a word, and count it', async () => {
    run.cloud.knobs.throttle = 3;
    for (let id = 1; id <= 8; id += 1) post(id);
    while (run.lamp.throttled < 5) await once(run.lamp, 'throttled');
    run.cloud.knobs.throttle = 0;
    await settle();
    assert.deepEqual(replies, ['1', '2', '3']);
    assert.equal(run.lamp.throttled, 5);
  });

  it('lose every third reply, but not the request', async () => {
    run.cloud.knobs.dropEvery = 3;
    for (let id = 1; id <= 6; id += 1) post(id);
    while (run.lamp.posts.length < 6) await once(run.lamp, 'post');
    run.cloud.knobs.dropEvery = 0;
    await settle();
    assert.deepEqual(replies, ['1', '2', '4', '5']);
  });

  it('lose the replies that the test chooses, but not the request', async () => {
    run.cloud.knobs.dropReplyTo = ({ id }) => id === '2';
    for (let id = 1; id <= 3; id += 1) post(id);
    await settle();
    assert.deepEqual(replies, ['1', '3']);
    assert.deepEqual(
      run.lamp.posts.slice(0, 3).map(({ id }) => id),
      ['1', '2', '3'],
    );
  });

  it('leave a connection open that says and hears nothing more', async () => {
    const kept = client;
    let closed = false;
    kept.once('close', () => {
      closed = true;
    });
    run.lamp.freeze();
    post(1);
    run.lamp.publish(`${SYS}thing/event/property/x`, '{"id":"down"}');
    kept.publish(SYS + POST, '{}', { qos: 1 }, () => replies.push('acknowledged'));
    await run.clients.connack({ username: 'device&pk' }); // the cloud lives, and has had time for more
    assert.deepEqual([closed, kept.connected, replies, run.lamp.posts], [false, true, [], []]);
    assert.equal(run.lamp.online, true);
    const dead = seen(kept, 'close');
    await run.clients.connect();
    await dead;
  });

  it('are none by default: 10,000 posts arrive and are kept in order', async () => {
    for (let id = 1; id <= 10_000; id += 1) post(id, id);
    while (run.lamp.posts.length < 10_000) await once(run.lamp, 'post');
    assert.ok(run.lamp.posts.every(({ id }, index) => id === `${index + 1}`));
  });
});

describe('the limit on uplinks', () => {
  let clock: sinon.SinonFakeTimers;

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['Date'] });
  });

  afterEach(() => clock.restore());

  it('never meets a device that is evenly paced at it', () => {
    const throttle = new Throttle();
    for (let message = 0; message < 100; message += 1) {
      assert.equal(throttle.takes(10), true);
      clock.tick(100);
    }
  });

  it('takes a burst of one second, and no more until it has passed', () => {
    const throttle = new Throttle();
    const taken = () => Array.from({ length: 15 }, () => throttle.takes(10)).filter(Boolean).length;
    assert.equal(taken(), 10);
    clock.tick(500);
    assert.equal(taken(), 5);
    clock.tick(60_000);
    assert.equal(taken(), 10);
  });
});
