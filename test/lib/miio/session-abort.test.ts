/** A caller who takes his command back: it ends at once in every phase, and nothing more of it is sent. */
import assert from 'node:assert/strict';
import { setTimeout as pass } from 'node:timers/promises';
import sinon from 'sinon';
import { because, Client } from './conversation';
import { Puppet } from './puppet';

describe('a miIO command that is aborted', () => {
  let puppet: Puppet;
  let client: Client;
  let caller: AbortController;

  beforeEach(async () => {
    puppet = await Puppet.open();
    client = new Client(puppet);
    caller = new AbortController();
  });

  afterEach(async () => {
    await client.close();
    await puppet.close();
  });

  const abortable = () => client.call('work', [], { signal: caller.signal });
  /** Nothing comes out of the socket for longer than any wait. */
  const nothingMoreIsSent = async () => {
    const send = sinon.spy(client.socket, 'send');
    await pass(1_100);
    assert.equal(send.callCount, 0);
    send.restore();
  };

  it('before it is called, is never sent', async () => {
    caller.abort();
    await assert.rejects(abortable(), because('aborted'));
    await nothingMoreIsSent();
    assert.equal(puppet.hellos, 0);
  });

  it('in the moment of the call, is not sent', async () => {
    const command = abortable();
    caller.abort();
    await assert.rejects(command, because('aborted'));
    await nothingMoreIsSent();
    assert.equal(puppet.hellos, 0);
  });

  it('while its address is looked up, is not sent', async () => {
    let found: (address: string) => void = () => undefined;
    const looking = new Client(
      { address: puppet.address, port: puppet.port, token: Puppet.token },
      { socket: client.socket, resolve: () => new Promise((resolve) => (found = resolve)) },
    );
    const command = looking.call('work', [], { signal: caller.signal });
    caller.abort();
    await assert.rejects(command, because('aborted'));
    found(puppet.address);
    await nothingMoreIsSent();
    assert.equal(puppet.hellos, 0);
    looking.session.close();
  });

  it('while hello waits for its answer, is not sent', async () => {
    puppet.onHello = () => undefined;
    const command = abortable();
    while (puppet.hellos === 0) await pass(5);
    caller.abort();
    await assert.rejects(command, because('aborted'));
    await nothingMoreIsSent();
    assert.deepEqual(puppet.requests, []);
  });

  it('in the queue, is not sent; those around it are', async () => {
    await client.warmUp('work');
    puppet.requests.length = 0;
    const commands = [client.result('work'), abortable(), client.result('work')];
    caller.abort();
    await assert.rejects(Promise.resolve(commands[1]), because('aborted'));
    assert.deepEqual(await Promise.all([commands[0], commands[2]]), [['ok'], ['ok']]);
    assert.equal(puppet.requests.length, 2);
  });

  it('after it was sent, is not repeated, and the next goes out at once', async () => {
    await client.warmUp('work');
    puppet.onRequest = () => undefined;
    const command = abortable();
    await Promise.race([command, pass(50)]);
    caller.abort();
    await assert.rejects(command, because('aborted'));
    await nothingMoreIsSent();
    assert.equal(puppet.requests.length, 2);
    puppet.onRequest = (request) => puppet.result(request, ['next']);
    assert.deepEqual(await client.result('work'), ['next']);
  });

  it('in the pause behind an error, is not sent again', async () => {
    await client.warmUp('work');
    puppet.onRequest = ({ id }) =>
      puppet.send(puppet.packet({ id, error: { code: -30012, message: 'busy.' } }));
    const command = abortable();
    await Promise.race([command, pass(100)]);
    caller.abort();
    await assert.rejects(command, because('aborted'));
    await nothingMoreIsSent();
    assert.equal(puppet.requests.length, 2);
  });

  it('says nothing about the device: its state stays as it is', async () => {
    await client.warmUp('work');
    puppet.onRequest = () => undefined;
    const command = abortable();
    caller.abort();
    await assert.rejects(command, because('aborted'));
    assert.equal(client.session.state, 'connected');
  });

  it('leaves no listener at the signal, however it ended', async () => {
    const added = sinon.spy(caller.signal, 'addEventListener');
    const removed = sinon.spy(caller.signal, 'removeEventListener');
    await abortable();
    puppet.onRequest = ({ id }) => puppet.send(puppet.packet({ id, error: { code: -5001, message: '' } }));
    await assert.rejects(abortable(), because('deviceRefused'));
    const closed = abortable();
    client.session.close();
    await assert.rejects(closed, because('closed'));
    assert.equal(added.callCount, 3);
    const listeners = (spy: sinon.SinonSpy) => spy.args.map(([, listener]) => listener);
    assert.deepEqual(listeners(removed), listeners(added));
  });
});
