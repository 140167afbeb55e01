/** A broker of a few bytes that speaks MQTT 5, as the one of the simulated cloud does not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Connection } from '../../../lib/aliyun/connection';
import type { AliyunSettings } from '../../../lib/aliyun/settings';
import { Gate } from './access/gate';
import { opened, Visitors } from './access/visitor';
import { problemOf } from './bench';

const CONNACK = [0x20, 3, 0, 0, 0];
const DISCONNECT_TAKEN_OVER = [0xe0, 2, 0x8e, 0];
const DISCONNECT_SHUTTING_DOWN = [0xe0, 2, 0x8b, 0];
/** `MQTT` in CONNECT, then the version, the flags, the keepalive. */
const VERSION_AT = 2 + 6;
/** The property sessionExpiryInterval, seven days in seconds. */
const SEVEN_DAYS = Buffer.from([0x11, 0x00, 0x09, 0x3a, 0x80]);

describe('MQTT 5', () => {
  let gate: Gate;
  let visitors: Visitors;
  let broker: Server;
  let connects: Buffer[];
  let socket: Socket;

  beforeEach(async () => {
    connects = [];
    gate = await Gate.start();
    visitors = new Visitors();
    broker = createServer((connection) => {
      socket = connection;
      connection.on('error', () => undefined);
      connection.once('data', (bytes) => {
        connects.push(bytes);
        connection.write(Buffer.from(CONNACK));
      });
    });
    broker.listen(0, '127.0.0.1');
    await once(broker, 'listening');
  });
  afterEach(async () => {
    await visitors.close();
    await gate.close();
    socket.destroy();
    await new Promise((resolve) => broker.close(resolve));
  });

  function connection(more: Partial<AliyunSettings> = {}): Connection {
    const address = broker.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const place = { transport: 'tcp', endpoint: `127.0.0.1:${port}` } as const;
    return visitors.visitor(visitors.settings(gate, { ...place, mqttVersion: 5, ...more }), {}, () => []);
  }

  it('is spoken only where it is chosen', async () => {
    await opened(connection(), 'connected');
    assert.equal(connects[0]?.[versionAt(connects[0])], 5);
    await opened(connection({ mqttVersion: 4 }), 'connected');
    assert.equal(connects[1]?.[versionAt(connects[1])], 4);
  });

  it('keeps the session of a device that is away where it is to be kept', async () => {
    await opened(connection({ cleanSession: false }), 'connected');
    await opened(connection(), 'connected');
    assert.deepEqual(
      connects.map((bytes) => bytes.includes(SEVEN_DAYS)),
      [true, false],
    );
  });

  it('tells that another client has taken the session, which is believed at once', async () => {
    const device = connection();
    await opened(device, 'connected');
    socket.write(Buffer.from(DISCONNECT_TAKEN_OVER));
    const problem = await opened(device, 'disconnected');
    assert.equal(problem?.reason, 'sessionTaken');
    assert.deepEqual(visitors.reports.reasons, ['sessionTaken']);
  });

  it('tells the end of each as it is, where the cloud ends it again and again for another reason', async () => {
    const device = connection();
    for (let time = 0; time < 4; time++) {
      await opened(device, 'connected');
      socket.write(Buffer.from(DISCONNECT_SHUTTING_DOWN));
      assert.equal((await opened(device, 'disconnected'))?.reason, 'connectionLost');
    }
    assert.deepEqual(visitors.reports.reasons, ['connectionLost']);
  });

  for (const [code, text] of [
    [0x80, /refused mark: 128/],
    [0x87, /refused mark: 135 .*Not authorized/],
    [0x97, /refused mark: 151 .*Quota exceeded/],
  ] as const) {
    it(`tells at once of a message that is refused with ${code}`, async () => {
      const device = connection();
      await opened(device, 'connected');
      socket.on('data', (bytes) => socket.write(Buffer.from(puback(bytes, code))));
      const mark = { topic: 'a', body: '', qos: 1, operation: 'mark' } as const;
      const problem = await problemOf(device.publish(mark, 60_000));
      assert.deepEqual([problem.reason, problem.code, problem.peer?.code], ['cloudRefused', 'DEVICE', code]);
      assert.match(problem.message, text);
      assert.equal(device.state, 'connected');
    });
  }

  it('takes a message that nobody has subscribed for received', async () => {
    const device = connection();
    await opened(device, 'connected');
    socket.on('data', (bytes) => socket.write(Buffer.from(puback(bytes, 0x10))));
    await device.publish({ topic: 'a', body: '', qos: 1, operation: 'mark' }, 5_000);
  });

  it('tells other ends with their code', async () => {
    const device = connection();
    await opened(device, 'connected');
    socket.write(Buffer.from(DISCONNECT_SHUTTING_DOWN));
    const problem = await opened(device, 'disconnected');
    assert.equal(problem?.reason, 'connectionLost');
    assert.match(problem?.message ?? '', /with code 139/);
  });
});

/** To the topic of one letter that is published in `publish`. */
function puback(publish: Buffer, code: number): number[] {
  return [0x40, 4, publish[5] ?? 0, publish[6] ?? 0, code, 0];
}

/** Behind the packet's length, which has one or two bytes. */
function versionAt(connect: Buffer): number {
  return VERSION_AT + (Number(connect[1]) >= 0x80 ? 1 : 0);
}
