/** Connections to the simulated cloud: takeover, kick, cut, broker down and up, kept sessions. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { Cloud, type CloudDevice } from '../../simulators/cloud';
import { Clients, EXAMPLE, LAMP, message, SYS, seen } from './cloud-clients';

describe('a connection to the simulated cloud', () => {
  let cloud: Cloud;
  let lamp: CloudDevice;
  let clients: Clients;

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [EXAMPLE, LAMP] });
    lamp = cloud.device('lamp-1');
    clients = new Clients(cloud);
  });

  afterEach(async () => {
    clients.close();
    await cloud.close();
  });

  it('ends the older of two connections of one triple, without a packet', async () => {
    const first = await clients.connect();
    const packets: string[] = [];
    first.on('packetreceive', (packet) => packets.push(packet.cmd));
    const closed = seen(first, 'close');
    const second = await clients.connect({ clientId: 'cid9|securemode=2,signmethod=hmacsha256,lan=JS|' });
    await closed;
    assert.deepEqual(packets, []);
    assert.equal(second.connected, true);
    assert.deepEqual([lamp.online, lamp.connects], [true, 2]);
  });

  it('leaves a device on line when another one signs in with the same cid', async () => {
    await clients.connect();
    const password = createHmac('sha256', EXAMPLE.deviceSecret)
      .update('clientIdcid9deviceNamedeviceproductKeypk')
      .digest('hex');
    await clients.connect({ username: 'device&pk', password });
    assert.deepEqual([lamp.online, lamp.connects, cloud.device('device').online], [true, 1, true]);
  });

  it('tells when a device comes and goes', async () => {
    const online = once(lamp, 'online');
    const client = await clients.connect();
    await online;
    const offline = once(lamp, 'offline');
    client.end();
    await offline;
    assert.equal(lamp.online, false);
  });

  it('kicks: the connection is closed without a packet', async () => {
    const client = await clients.connect();
    const closed = seen(client, 'close');
    lamp.kick();
    await closed;
    assert.equal(lamp.online, false);
  });

  for (const tcp of [false, true]) {
    it(`cuts: the client sees a reset over ${tcp ? 'TCP' : 'TLS'}`, async () => {
      const client = clients.dial({}, tcp);
      await seen(client, 'connect');
      const error = once(client.stream, 'error');
      const offline = once(lamp, 'offline');
      lamp.cut();
      const [reason] = await error;
      assert.equal(reason.code, 'ECONNRESET');
      await offline;
    });
  }

  it('goes down with its connections and comes up on the same ports', async () => {
    const ports = [cloud.tlsPort, cloud.tcpPort];
    const client = clients.dial({ reconnectPeriod: 50 });
    await seen(client, 'connect');
    const closed = seen(client, 'close');
    await cloud.stopBroker();
    await closed;
    const again = seen(client, 'connect');
    await cloud.startBroker();
    await again;
    assert.deepEqual([cloud.tlsPort, cloud.tcpPort], ports);
    assert.equal(lamp.connects, 2);
  });

  it('says when a port is taken, and leaves nothing open', async () => {
    const { tlsPort, tcpPort, httpsPort } = cloud;
    for (const ports of [{ tlsPort }, { tcpPort }, { httpsPort }, { consolePort: httpsPort }]) {
      await assert.rejects(Cloud.start({ devices: [], ...ports }), { code: 'EADDRINUSE' });
    }
  });

  it('keeps subscriptions and messages for a triple whose session is not clean, whatever its clientId', async () => {
    const client = await clients.connect({ clean: false });
    await client.subscribeAsync(`${SYS}thing/service/property/set`, { qos: 1 });
    const offline = once(lamp, 'offline');
    client.end(true);
    await offline;
    lamp.publish(`${SYS}thing/service/property/set`, 'kept');
    const clientId = 'another|securemode=2,signmethod=hmacsha256|';
    const password = createHmac('sha256', LAMP.deviceSecret)
      .update('clientIdanotherdeviceNamelamp-1productKeya1lamp')
      .digest('hex');
    const back = clients.dial({ clean: false, clientId, password });
    assert.equal((await message(back, `${SYS}thing/service/property/set`)).toString(), 'kept');
  });
});
