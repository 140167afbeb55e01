/** The connection and its `dial`, which may take its time; a broker that counts what is subscribed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { MqttClient } from 'mqtt';
import sinon from 'sinon';
import { Connection } from '../../../lib/aliyun/connection';
import { type Dial, dialFor, type Line } from '../../../lib/aliyun/dial';
import { Retry } from '../../../lib/aliyun/retry';
import { additionalRoots, sharedTrust } from '../../../lib/aliyun/roots';
import { Backoff } from '../../../lib/backoff';
import { deferred } from '../../../lib/wait';
import { Gate } from './access/gate';
import { opened, TOPIC, Visitors } from './access/visitor';
import { stopTime } from './bench';

describe('A connection that dials', () => {
  let gate: Gate;
  let visitors: Visitors;
  let connections: Connection[];

  beforeEach(async () => {
    gate = await Gate.start({ transport: 'tcp' });
    visitors = new Visitors();
    connections = [];
  });
  afterEach(async () => {
    sinon.restore();
    await Promise.all(connections.map((connection) => connection.close()));
    await visitors.close();
    await gate.close();
  });

  const settings = () => visitors.settings(gate, { transport: 'tcp' });

  function connectionBy(dial: Dial): Connection {
    const connection = new Connection({
      label: 'lamp',
      host: 'host',
      dial,
      topics: () => [TOPIC],
      onMessage: () => undefined,
      retry: new Retry({ quick: new Backoff(20, 20), slow: new Backoff(200, 200) }),
      logger: visitors.reports,
    });
    connections.push(connection);
    return connection;
  }

  /** A dial whose lines wait for `release`. */
  function slowDial() {
    const lines: Line[] = [];
    const signals: AbortSignal[] = [];
    const released = deferred<void>();
    const direct = dialFor(settings());
    const dial: Dial = async (signal) => {
      signals.push(signal);
      await released.promise;
      const line = await direct(new AbortController().signal);
      lines.push(line);
      return line;
    };
    return { dial, lines, signals, release: () => released.resolve() };
  }

  async function untilEnded(client: MqttClient | undefined): Promise<void> {
    assert.ok(client);
    if (!client.stream.destroyed) await once(client.stream, 'close');
  }

  it('is connecting meanwhile', async () => {
    const slow = slowDial();
    const connection = connectionBy(slow.dial);
    connection.open();
    assert.equal(connection.state, 'connecting');
    slow.release();
    await opened(connection, 'connected');
  });

  it('and is closed meanwhile ends the client that comes too late', async () => {
    const slow = slowDial();
    const connection = connectionBy(slow.dial);
    connection.open();
    await connection.close();
    assert.equal(slow.signals[0]?.aborted, true);
    slow.release();
    while (slow.lines.length === 0) await new Promise(setImmediate);
    await untilEnded(slow.lines[0]?.client);
    assert.equal(connection.state, 'closed');
  });

  it('gives up a dial that does not end, and ends its client when it comes after all', async () => {
    const clock = stopTime();
    const slow = slowDial();
    const direct = dialFor(settings());
    let tries = 0;
    const connection = connectionBy((signal) => {
      tries += 1;
      return tries === 1 ? slow.dial(signal) : direct(signal);
    });
    connection.open();
    await clock.tickAsync(45_000);
    assert.equal(connection.state, 'disconnected');
    assert.equal(slow.signals[0]?.aborted, true);
    const connected = opened(connection, 'connected');
    await clock.tickAsync(20);
    await connected;
    slow.release();
    while (slow.lines.length === 0) await new Promise(setImmediate);
    await untilEnded(slow.lines[0]?.client);
    assert.equal(connection.state, 'connected');
  });

  it('tries again when no socket can be made', async () => {
    let tries = 0;
    const direct = dialFor(settings());
    const connection = connectionBy(async (signal) => {
      tries += 1;
      if (tries === 1) throw new Error('EMFILE, too many open files');
      return direct(signal);
    });
    const problem = await opened(connection, 'disconnected');
    assert.match(problem?.message ?? '', /EMFILE/);
    await opened(connection, 'connected');
  });

  it('can be closed by a listener of its first state', async () => {
    const slow = slowDial();
    const connection = connectionBy(slow.dial);
    connection.on('state', (state) => {
      if (state === 'connecting') void connection.close();
    });
    connection.open();
    assert.equal(connection.state, 'closed');
    assert.equal(slow.signals[0]?.aborted, true);
    slow.release();
  });

  describe('subscribes', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `${TOPIC}/${index}`);

    it('at most ten topics in a packet, and each once', async () => {
      const packets: number[] = [];
      const filters = new Set<string>();
      gate.onSubscribe = (topics) => {
        packets.push(topics.length);
        for (const topic of topics) filters.add(topic);
      };
      const connection = visitors.visitor(settings(), {}, () => [...many(25), ...many(3)]);
      await opened(connection, 'connected');
      assert.deepEqual(packets, [10, 10, 5]);
      assert.equal(filters.size, 25);
    });

    it('nothing, and is connected nevertheless', async () => {
      await opened(
        visitors.visitor(settings(), {}, () => []),
        'connected',
      );
    });

    it('no more than 100 topics, and says so once, whenever they come', async () => {
      const filters: string[] = [];
      gate.onSubscribe = (topics) => filters.push(...topics);
      const connection = visitors.visitor(settings(), {}, () => many(99));
      await opened(connection, 'connected');
      connection.subscribe(`${TOPIC}/a`);
      connection.subscribe(`${TOPIC}/b`);
      connection.subscribe(`${TOPIC}/c`);
      await connection.publish({ topic: 'mark', body: '', qos: 1, operation: 'mark' }, 5000);
      gate.hangUp();
      await opened(connection, 'disconnected');
      await opened(connection, 'connected');
      assert.equal(filters.filter((topic) => /\/[abc]$/.test(topic)).join(), `${TOPIC}/a`);
      const [warning, ...others] = visitors.reports.warnings;
      assert.deepEqual(others, []);
      assert.deepEqual(
        [warning?.reason, warning?.values.limit, warning?.values.topic],
        ['subscriptionsTooMany', 100, `${TOPIC}/b`],
      );
    });

    it('again in the place of what was unsubscribed', async () => {
      const filters: string[] = [];
      gate.onSubscribe = (topics) => filters.push(...topics);
      const connection = visitors.visitor(settings(), {}, () => many(100));
      await opened(connection, 'connected');
      connection.unsubscribe(`${TOPIC}/7`);
      connection.subscribe(`${TOPIC}/a`);
      await connection.publish({ topic: 'mark', body: '', qos: 1, operation: 'mark' }, 5000);
      assert.equal(filters.at(-1), `${TOPIC}/a`);
      assert.deepEqual(visitors.reports.warnings, []);
    });
  });
});

describe('What OpenSSL has read of the roots', () => {
  it('is shared by all connections that trust the same', async () => {
    const gate = await Gate.start();
    assert.equal(sharedTrust([gate.ca]), sharedTrust([gate.ca]));
    assert.notEqual(sharedTrust([gate.ca]), sharedTrust([]));
    assert.equal(sharedTrust(additionalRoots([gate.ca])), sharedTrust([gate.ca]));
    await gate.close();
  });
});
