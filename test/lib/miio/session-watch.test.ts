/** The hello of our own accord: it never ends unnoticed, and never stands in a command's way. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import sinon, { type SinonFakeTimers } from 'sinon';
import { because, Client } from './conversation';
import { Puppet, type Request } from './puppet';

describe('a watched miIO session', () => {
  let puppet: Puppet;
  let client: Client;

  beforeEach(async () => {
    puppet = await Puppet.open();
    client = new Client(puppet);
  });

  afterEach(async () => {
    await client.close();
    await puppet.close();
  });

  const pass = async (clock: SinonFakeTimers, ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      await clock.tickAsync(100);
      await nextTurn();
      await nextTurn();
    }
  };

  it('still looks after the device when its hello has expired behind a slow command', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      await client.warmUp();
      client.session.startWatch();
      await pass(clock, 500);
      await client.warmUp();
      await pass(clock, 58_700);
      const asked: Request[] = [];
      puppet.onRequest = (request) => asked.push(request);
      const slow = client.call('slow', [], { timeoutMs: 10_000, retries: 0 });
      await pass(clock, 7_000);
      const [request] = asked;
      assert.ok(request);
      puppet.result(request, ['ok']);
      await pass(clock, 200);
      await slow;
      puppet.onHello = () => undefined;
      await pass(clock, 120_000);
      assert.equal(client.session.state, 'disconnected');
    } finally {
      clock.restore();
    }
  });

  it('lets a command go before its own hello, which explains why it fails', async () => {
    puppet.onHello = () => undefined;
    client.session.startWatch();
    while (puppet.hellos === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await assert.rejects(client.call('set_power', ['on'], { timeoutMs: 300 }), because('noAnswer'));
    assert.equal(client.session.state, 'disconnected');
  });

  it('says hello by itself again after such a command', async () => {
    puppet.onHello = () => undefined;
    client.session.startWatch();
    while (puppet.hellos === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await assert.rejects(client.call('set_power', ['on'], { timeoutMs: 100 }), because('noAnswer'));
    const connected = new Promise((resolve) => client.session.on('state', resolve));
    puppet.onHello = (from) => puppet.send(puppet.helloReply(), from);
    assert.equal(await connected, 'connected');
  });
});
