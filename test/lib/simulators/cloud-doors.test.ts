/** The other ways into the simulated cloud: WebSocket, a device's certificate, a token, without SUBSCRIBE. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { IClientOptions } from 'mqtt';
import { Cloud } from '../../simulators/cloud';
import { anyMessage, ask, LAMP, message, OWN, request, SYS, seen, useCloud } from './cloud-clients';

const POST = 'thing/event/property/post';
const body = request('thing.event.property.post', { power: 1 });

describe('MQTT over WebSocket at the simulated cloud', () => {
  const run = useCloud();
  const wss = (): IClientOptions => ({ protocol: 'wss', port: run.cloud.wssPort ?? 0 });
  const ws = (): IClientOptions => ({
    protocol: 'ws',
    port: run.cloud.wsPort ?? 0,
    clientId: 'cid9|securemode=3,signmethod=hmacsha256|',
  });

  for (const [name, options] of [
    ['wss', wss],
    ['ws', ws],
  ] as const) {
    it(`carries posts and replies over ${name}, on both paths`, async () => {
      for (const path of ['/', '/mqtt']) {
        const client = await run.clients.connect({ ...options(), path });
        await client.subscribeAsync(`${SYS}${POST}_reply`);
        assert.equal((await ask(client, POST, body)).code, 200);
        client.end(true);
      }
    });

    it(`can be kicked, cut and frozen over ${name}`, async () => {
      for (const way of ['kick', 'cut', 'freeze'] as const) {
        const client = await run.clients.connect(options());
        const closed = seen(client, 'close');
        run.lamp[way]();
        if (way === 'freeze') {
          client.publish(SYS + POST, JSON.stringify(body));
          await run.clients.connack({ username: 'device&pk' });
          assert.deepEqual([client.connected, run.lamp.posts], [true, []]);
          client.end(true);
        }
        await closed;
      }
    });
  }

  it('has the securemode of its transport', async () => {
    const { clientId } = ws();
    assert.equal(await run.clients.connack({ ...wss(), clientId }), 2);
    assert.equal(
      await run.clients.connack({ ...ws(), clientId: 'cid9|securemode=2,signmethod=hmacsha256|' }),
      2,
    );
  });

  it('is not trusted without its authority', async () => {
    const client = run.clients.dial({ ...wss(), ca: undefined });
    const error = await new Promise<Error>((resolve) => client.once('error', resolve));
    assert.match(error.message, /self-signed|unable to/);
  });

  it('answers what is no WebSocket of MQTT with an error', async () => {
    const answer = async (path: string, headers: http.OutgoingHttpHeaders) => {
      const port = run.cloud.wsPort ?? 0;
      const [{ statusCode }] = await once(http.get({ port, path, headers, agent: false }), 'response');
      return statusCode;
    };
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    assert.equal(await answer('/mqtt', {}), 426);
    assert.equal(await answer('/mqtt', upgrade), 400);
    assert.equal(await answer('/other', { ...upgrade, 'sec-websocket-protocol': 'mqtt' }), 400);
  });

  it('goes down with the broker and comes up on the same port', async () => {
    const { wsPort, wssPort, x509Port } = run.cloud;
    const client = await run.clients.connect(wss());
    const closed = seen(client, 'close');
    await run.cloud.stopBroker();
    await closed;
    await run.cloud.startBroker();
    assert.deepEqual([run.cloud.wsPort, run.cloud.wssPort, run.cloud.x509Port], [wsPort, wssPort, x509Port]);
    await run.clients.connect(wss());
  });

  it('may be left out, as may the port for certificates', async () => {
    const bare = await Cloud.start({ devices: [], wsPort: null, wssPort: null, x509Port: null });
    assert.deepEqual([bare.wsPort, bare.wssPort, bare.x509Port], [null, null, null]);
    await bare.close();
  });
});

describe('a certificate of a device at the simulated cloud', () => {
  const run = useCloud();
  const IDENTITY = '/ext/auth/identity/response';
  const CLIENT_ID = 'cid9|securemode=2,signmethod=hmacsha1,timestamp=1|';

  const certified = async (options: IClientOptions = {}, deviceName = LAMP.deviceName) => ({
    ...(await run.cloud.issueCertificate(deviceName)),
    port: run.cloud.x509Port ?? 0,
    clientId: CLIENT_ID,
    password: '',
    ...options,
  });

  for (const username of ['lamp-1&a1lamp', '&']) {
    it(`signs in as ${username}, and is told who it is without SUBSCRIBE`, async () => {
      const client = run.clients.dial(await certified({ username }));
      const { topic, payload } = await anyMessage(client);
      assert.equal(topic, IDENTITY);
      assert.deepEqual(JSON.parse(payload.toString()), { productKey: 'a1lamp', deviceName: 'lamp-1' });
      await client.subscribeAsync(`${SYS}${POST}_reply`);
      assert.equal((await ask(client, POST, body)).code, 200);
      assert.equal(run.lamp.online, true);
    });
  }

  it('is the device: the same triple elsewhere takes over', async () => {
    const client = await run.clients.connect(await certified());
    const closed = seen(client, 'close');
    await run.clients.connect();
    await closed;
  });

  it('is not another device, nor one that is disabled', async () => {
    assert.equal(await run.clients.connack(await certified({ username: 'device&pk' })), 4);
    run.lamp.disabled = true;
    assert.equal(await run.clients.connack(await certified()), 4);
  });

  it('must be there, and of this authority', async () => {
    const port = run.cloud.x509Port ?? 0;
    const foreign = await Cloud.start({ devices: [LAMP] });
    const other = await foreign.issueCertificate(LAMP.deviceName);
    await foreign.close();
    await assert.rejects(run.clients.connack({ port, clientId: CLIENT_ID }), /closed without CONNACK/);
    await assert.rejects(
      run.clients.connack({ port, clientId: CLIENT_ID, ...other }),
      /closed without CONNACK/,
    );
  });

  it('is issued to known devices only', async () => {
    await assert.rejects(run.cloud.issueCertificate('nobody'), /no device nobody/);
  });
});

describe('a device with _ss=1 at the simulated cloud', () => {
  const run = useCloud();
  const clientId = 'cid9|securemode=2,signmethod=hmacsha256,_ss=1,ext=1|';

  it('gets system topics without SUBSCRIBE, and no others', async () => {
    const client = await run.clients.connect({ clientId });
    const received: string[] = [];
    client.on('message', (topic) => received.push(topic));
    assert.equal((await ask(client, POST, body)).code, 200);
    run.lamp.publish(`/${OWN}/user/get`, 'x');
    run.lamp.publish(`/shadow/get/${OWN}`, 'x');
    run.cloud.device('device').publish('/sys/pk/device/thing/x', 'x');
    const upgrade = message(client, `/ota/device/upgrade/${OWN}`);
    run.lamp.publish(`/ota/device/upgrade/${OWN}`, 'x');
    await upgrade;
    assert.deepEqual(received, [`${SYS}${POST}_reply`, `/ota/device/upgrade/${OWN}`]);
  });

  it('is called without SUBSCRIBE', async () => {
    const client = await run.clients.connect({ clientId });
    client.on('message', (topic, payload) => {
      const { id } = JSON.parse(payload.toString());
      client.publish(`${topic}_reply`, JSON.stringify({ id, code: 200, data: {} }));
    });
    assert.equal((await run.lamp.setProperties({ power: 1 })).code, 200);
  });

  it('gets once what it subscribed as well', async () => {
    const client = await run.clients.connect({ clientId });
    await client.subscribeAsync(`${SYS}thing/service/a`);
    const received: string[] = [];
    client.on('message', (topic) => received.push(topic));
    run.lamp.publish(`${SYS}thing/service/a`, 'x');
    const end = message(client, `${SYS}thing/service/b`);
    run.lamp.publish(`${SYS}thing/service/b`, 'x');
    await end;
    assert.deepEqual(received, [`${SYS}thing/service/a`, `${SYS}thing/service/b`]);
  });
});

describe('MQTT 5 at the simulated cloud', () => {
  const run = useCloud();

  it('is refused', async () => {
    const client = run.clients.dial({ protocolVersion: 5 });
    await seen(client, 'close');
    assert.deepEqual([client.connected, run.lamp.connects], [false, 0]);
  });
});
