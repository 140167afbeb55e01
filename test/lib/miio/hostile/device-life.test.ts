/** What befalls a device, or its owner, in the middle of a command: gone, restarted, reset, shared. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lamp, SimulatedDevice } from '../../../simulators/home';
import { because, Client, pluggedIn } from '../conversation';
import { OTHER_TOKEN } from './stage';

describe('a miIO session with a device', () => {
  let device: SimulatedDevice;
  let client: Client;

  beforeEach(async () => {
    device = await pluggedIn();
    client = new Client(device);
    await client.warmUp();
  });
  afterEach(async () => {
    await client.close();
    await device.stop();
  });

  it('that is unplugged in mid-command says that it does not answer, and works when it is back', async () => {
    device.faults.delayMs = 50;
    const command = client.call('echo', ['gone'], { timeoutMs: 1_000 });
    const failed = assert.rejects(command, { code: 'TIMEOUT' });
    await once(device, 'command');
    await device.stop();
    await failed;
    assert.equal(client.session.state, 'disconnected');
    await device.start();
    assert.deepEqual(await client.result('echo', ['back']), ['back']);
    assert.equal(client.session.state, 'connected');
  });

  it('that restarts in mid-command gets it once more, and does it once', async () => {
    device.faults.delayMs = 100;
    const answer = client.result('echo', ['restarted']);
    await once(device, 'command');
    await device.reboot();
    device.faults.delayMs = 0;
    const before = device.executed.length;
    assert.deepEqual(await answer, ['restarted']);
    assert.equal(device.executed.length, before + 1);
  });

  it('whose clock begins anew between two commands answers the next within one try', async () => {
    await device.reboot();
    const { durationMs } = await client.call('echo');
    assert.ok(durationMs < 2_000, `${durationMs} ms`);
  });

  it('that gets another token is first silent, then called by its name', async () => {
    const { token } = device;
    device.resetToken(OTHER_TOKEN);
    const options = { timeoutMs: 600 };
    await assert.rejects(client.call('echo', [], options), because('commandIgnored', /token has changed/));
    await assert.rejects(
      client.call('echo', [], options),
      because('tokenRejected', /token is probably wrong/),
    );
    assert.equal(client.session.state, 'refused');
    device.resetToken(token);
    assert.deepEqual(await client.result('echo', ['well']), ['well']);
    assert.equal(client.session.state, 'connected');
  });

  it('that another one replaces at its address does not command the other', async () => {
    const { port, address } = device;
    await device.stop();
    const other = new SimulatedDevice(lamp({ port, address, did: '5', token: device.token }));
    await other.start();
    const command = client.call('echo', [], { timeoutMs: 1_500, deviceId: device.did });
    await assert.rejects(command, because('otherDevice', /has the id 5, not 100000001/));
    assert.deepEqual(other.executed, []);
    await other.stop();
  });

  it('that a second client commands at the same time gets its own answers', async () => {
    const second = new Client(device);
    device.faults.delayMs = 2;
    const texts = Array.from({ length: 20 }, (_, n) => n);
    const asked = [client, second].flatMap((one, who) => texts.map((n) => one.result('echo', [who, n])));
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers,
      [0, 1].flatMap((who) => texts.map((n) => [who, n])),
    );
    assert.equal(device.executed.length, 41, 'each once, and the one to warm up');
    await second.close();
  });

  it('that a stranger with a wrong token pesters answers as ever', async () => {
    const stranger = new Client({ address: device.address, port: device.port, token: OTHER_TOKEN });
    const refused = assert.rejects(stranger.call('echo', [], { timeoutMs: 500 }), { code: 'AUTH' });
    for (let n = 0; n < 20; n++) assert.deepEqual(await client.result('echo', [n]), [n]);
    await refused;
    await stranger.close();
  });

  it('that answers each command twice, and out of order, gives each its own', async () => {
    Object.assign(device.faults, { duplicate: true, reorder: true });
    const asked = Array.from({ length: 10 }, (_, n) => client.result('echo', [n]));
    assert.deepEqual(
      await Promise.all(asked),
      asked.map((_, n) => [n]),
    );
  });

  it('that disclosed another token than the configured one is asked with the configured one', async () => {
    const open = await pluggedIn({ helloToken: 'disclosed' });
    const wrong = new Client({ address: open.address, port: open.port, token: OTHER_TOKEN });
    await assert.rejects(wrong.call('echo', [], { timeoutMs: 400 }), because('tokenRejected'));
    assert.deepEqual(open.executed, []);
    await wrong.close();
    await open.stop();
  });
});
