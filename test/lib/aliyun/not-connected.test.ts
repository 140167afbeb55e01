/** What a flow hears of a connection that is not there: as much as the device itself knows. */
import assert from 'node:assert/strict';
import { MialinkError } from '../../../lib/errors';
import { Gate } from './access/gate';
import { opened, Visitors } from './access/visitor';
import { problemOf } from './bench';

describe('What is not sent for want of a connection', () => {
  let gate: Gate;
  let visitors: Visitors;

  beforeEach(async () => {
    gate = await Gate.start();
    visitors = new Visitors();
  });
  afterEach(async () => {
    await visitors.close();
    await gate.close();
  });

  it('is told with the remedy of the problem', async () => {
    const connection = visitors.visitor(visitors.settings(gate, { ca: '' }));
    const problem = await opened(connection, 'disconnected');
    assert.match(problem?.message ?? '', /enter in the field CA the root certificate/);
    const failure = await problemOf(connection.whenConnected(1, 'property post'));
    assert.deepEqual([failure.code, failure.reason], ['TRANSPORT', 'notConnected']);
    assert.equal(failure.message, `property post was not sent: ${problem?.message}`);
    assert.equal(failure.cause, problem);
  });

  it('is told with the host that bootstrap has named', async () => {
    const resources = { mqtt: { host: 'localhost', port: 1 } };
    gate.answer = () => ({ code: 200, data: { resources } });
    const connection = visitors.visitor(visitors.settings(gate, { bootstrap: true }));
    await opened(connection, 'disconnected');
    const failure = await problemOf(connection.whenConnected(1, 'property post'));
    assert.equal(failure.values.host, 'localhost');
    assert.match(failure.message, /could not connect to localhost/);
  });

  it('is a matter of the settings, where nothing else helps', async () => {
    const unreadable = new MialinkError('registrationUnreadable', {
      device: 'lamp',
      file: '/x',
      cause: 'half',
    });
    const credentials = () => Promise.reject(unreadable);
    const connection = visitors.visitor(visitors.settings(gate), { credentials });
    await opened(connection, 'disconnected');
    assert.equal(await problemOf(connection.whenConnected(1, 'property post')), unreadable);
  });

  it('is told so while nothing is known yet', async () => {
    const connection = visitors.visitor(visitors.settings(gate));
    const failure = await problemOf(connection.whenConnected(1, 'property post'));
    assert.match(
      failure.message,
      /is not connected to 127\.0\.0\.1 \(still connecting\); property post was not sent/,
    );
  });
});
