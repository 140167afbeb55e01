/** Commands whose failure says nothing: trials, which a device may ignore, and those that give way to others. */
import assert from 'node:assert/strict';
import { because, Client, reaches } from './conversation';
import { Puppet, type Request } from './puppet';

const silent = () => undefined;

describe('a miIO session', () => {
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

  const ignores = (spoiler: string) => {
    puppet.onRequest = (request) => {
      const isIgnored = Array.isArray(request.params) && request.params.includes(spoiler);
      if (!isIgnored) puppet.result(request, ['ok']);
    };
  };

  describe('with a trial', () => {
    const trial = { timeoutMs: 900, retries: 1, trial: true };

    it('neither doubts a token that works nor names it, however many trials the device ignores', async () => {
      ignores('spoiler');
      await client.warmUp('get_prop');
      for (let n = 0; n < 3; n++) {
        await assert.rejects(client.call('get_prop', ['spoiler'], trial), because('commandIgnored'));
      }
      assert.deepEqual(client.states, ['connecting', 'connected']);
    });

    it('stays connected when the trial is sent but once', async () => {
      ignores('spoiler');
      await client.warmUp('get_prop');
      const once = { timeoutMs: 200, retries: 0, trial: true };
      await assert.rejects(client.call('get_prop', ['spoiler'], once), { code: 'TIMEOUT' });
      assert.equal(client.session.state, 'connected');
      const { hellos } = puppet;
      await client.call('get_prop');
      assert.equal(puppet.hellos, hellos + 1, 'the next command asks whether the device is there');
    });

    it('does not name a token that another command has made doubtful', async () => {
      await client.warmUp('get_prop');
      puppet.onRequest = silent;
      const { trial: _, ...ordinary } = trial;
      await assert.rejects(client.call('get_prop', [], ordinary), because('commandIgnored'));
      await assert.rejects(client.call('get_prop', ['spoiler'], trial), because('commandIgnored'));
      await assert.rejects(client.call('get_prop', [], ordinary), because('tokenRejected'));
    });

    it('says what is wrong when the token has never worked', async () => {
      puppet.onRequest = silent;
      await assert.rejects(client.call('get_prop', [], trial), because('tokenRejected'));
      assert.equal(client.session.state, 'refused');
    });

    it('says that the device is away when it does not answer hello either', async () => {
      await client.warmUp('get_prop');
      puppet.onHello = silent;
      puppet.onRequest = silent;
      await assert.rejects(client.call('get_prop', [], trial), because('noAnswer'));
      assert.equal(client.session.state, 'disconnected');
    });
  });

  describe('with a command that gives way', () => {
    const polite = { timeoutMs: 400, retries: 0, givesWay: true };
    /** Resolves with the next request. */
    const asked = () => new Promise<Request>((resolve) => (puppet.onRequest = resolve));

    it('carries it out when nothing else waits', async () => {
      assert.deepEqual(await client.result('miIO.info', [], polite), ['ok']);
    });

    it('ends it as soon as another command is queued behind it', async () => {
      const request = asked();
      const given = client.call('miIO.info', [], { ...polite, timeoutMs: 30_000 });
      const ended = assert.rejects(given, because('aborted'));
      await request;
      puppet.onRequest = (one) => puppet.result(one, ['ok']);
      const { durationMs } = await client.call('set_power', ['on']);
      await ended;
      assert.ok(durationMs < 5_000, `${durationMs} ms`);
      assert.equal(client.session.state, 'connected');
    });

    it('ends it at once, unsent, where another one waits already', async () => {
      const request = asked();
      const command = client.call('set_power', ['on']);
      await assert.rejects(client.call('miIO.info', [], polite), because('aborted'));
      puppet.result(await request, ['ok']);
      await command;
      assert.deepEqual(
        puppet.requests.map(({ method }) => method),
        ['set_power'],
      );
    });

    it('lets two of them wait for each other', async () => {
      const both = [client.call('miIO.info', [], polite), client.call('get_ipc_info', [], polite)];
      for (const each of both) assert.deepEqual((await each).result, ['ok']);
    });

    it('does not end it for a hello of its own accord', async () => {
      const { onHello } = puppet;
      puppet.onHello = silent;
      const given = client.call('miIO.info', [], { ...polite, timeoutMs: 5_000 });
      client.session.startWatch();
      await new Promise((resolve) => setTimeout(resolve, 50));
      puppet.onHello = onHello;
      assert.deepEqual((await given).result, ['ok']);
    });

    it('concludes nothing from its failure', async () => {
      await client.warmUp('miIO.info');
      puppet.onRequest = silent;
      for (let n = 0; n < 3; n++) {
        await assert.rejects(client.call('miIO.info', [], polite), { code: 'TIMEOUT' });
      }
      assert.deepEqual(client.states, ['connecting', 'connected']);
    });

    it('is not refused for it either, under a token that is still untried', async () => {
      puppet.onRequest = silent;
      await assert.rejects(client.call('miIO.info', [], polite), because('tokenRejected'));
      await reaches(client.session, 'connected');
      assert.deepEqual(client.states, ['connecting', 'connected']);
    });
  });
});
