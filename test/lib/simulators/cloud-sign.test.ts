/** Who may sign in to the simulated cloud: golden vectors, and a refusal for every rule of the document. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Cloud, type CloudDevice } from '../../simulators/cloud';
import { Clients, EXAMPLE, LAMP, SYS } from './cloud-clients';

interface Vector {
  kind: string;
  name: string;
  clientId: string | null;
  username: string;
  password: string;
}

const { vectors }: { vectors: Vector[] } = JSON.parse(
  readFileSync(path.join(__dirname, '../../vectors/aliyun.json'), 'utf8'),
);

describe('the sign-in of the simulated cloud', () => {
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

  for (const vector of vectors.filter(({ kind, clientId }) => kind === 'mqtt-sign' && clientId)) {
    it(`accepts the vector ${vector.name}`, async () => {
      const { username, password } = vector;
      const clientId = vector.clientId ?? '';
      assert.equal(
        await clients.connack({ clientId, username, password }, clientId.includes('securemode=3')),
        0,
      );
    });
  }

  for (const vector of vectors.filter(({ kind, name }) => kind === 'negative' && name.startsWith('mqtt/'))) {
    it(`refuses the wrong signature ${vector.name} with 4`, async () => {
      const { password } = vector;
      const clientId = vector.clientId ?? '';
      assert.equal(await clients.connack({ clientId, username: 'device&pk', password }, true), 4);
    });
  }

  it("accepts the password printed in the document's worked example", async () => {
    const options = {
      clientId: '12345|securemode=3,signmethod=hmacsha1,timestamp=789|',
      username: 'device&pk',
      password: 'FAFD82A3D602B37FB0FA8B7892F24A477F851A14',
    };
    assert.equal(await clients.connack(options, true), 0);
  });

  const badClientIds = {
    'without bars': 'cid9',
    'without the last bar': 'cid9|securemode=2,signmethod=hmacsha256',
    'with an empty field': 'cid9|securemode=2,,signmethod=hmacsha256|',
    'with a field named twice': 'cid9|securemode=2,securemode=2,signmethod=hmacsha256|',
    'without a name before the bar': '|securemode=2,signmethod=hmacsha256|',
    'with a name of 65 characters': `${'x'.repeat(65)}|securemode=2,signmethod=hmacsha256|`,
    'without securemode': 'cid9|signmethod=hmacsha256|',
    'with the securemode of plain TCP': 'cid9|securemode=3,signmethod=hmacsha256|',
    'with an unknown signmethod': 'cid9|securemode=2,signmethod=sha256|',
    'with a timestamp that is no number': 'cid9|securemode=2,signmethod=hmacsha256,timestamp=now|',
  };
  for (const [what, clientId] of Object.entries(badClientIds)) {
    it(`refuses a clientId ${what} with 2`, async () => {
      assert.equal(await clients.connack({ clientId }), 2);
    });
  }

  it('refuses securemode 2 over plain TCP with 2', async () => {
    assert.equal(await clients.connack({ clientId: 'cid9|securemode=2,signmethod=hmacsha256|' }, true), 2);
  });

  it('refuses a timestamp that was not signed with 4', async () => {
    assert.equal(
      await clients.connack({ clientId: 'cid9|securemode=2,signmethod=hmacsha256,timestamp=1|' }),
      4,
    );
  });

  it('refuses a wrong password, an unknown device and a wrong product with 4', async () => {
    assert.equal(await clients.connack({ password: 'f'.repeat(64) }), 4);
    assert.equal(await clients.connack({ username: 'lamp-2&a1lamp' }), 4);
    assert.equal(await clients.connack({ username: 'lamp-1&pk' }), 4);
    assert.equal(lamp.connects, 0);
  });

  it('refuses a disabled device with 4', async () => {
    lamp.disabled = true;
    assert.equal(await clients.connack(), 4);
    lamp.disabled = false;
    assert.equal(await clients.connack(), 0);
  });

  it('refuses a keepalive outside 30 to 1200 seconds with 3', async () => {
    assert.deepEqual(
      [
        await clients.connack({ keepalive: 29 }),
        await clients.connack({ keepalive: 1201 }),
        await clients.connack({ keepalive: 0 }),
      ],
      [3, 3, 3],
    );
    assert.deepEqual(
      [await clients.connack({ keepalive: 30 }), await clients.connack({ keepalive: 1200 })],
      [0, 0],
    );
  });

  it('refuses a will with 5', async () => {
    assert.equal(await clients.connack({ will: { topic: `${SYS}x`, payload: Buffer.from('x'), qos: 0 } }), 5);
  });

  it('refuses everybody with the code of the knob', async () => {
    cloud.knobs.refuse = 3;
    assert.equal(await clients.connack(), 3);
  });

  it('is not trusted by a client that does not know its authority', async () => {
    const client = clients.dial({ ca: undefined });
    const error = await new Promise<Error>((resolve) => client.once('error', resolve));
    assert.match(error.message, /self-signed|unable to/);
  });

  it('listens on no plain port when told so', async () => {
    const secure = await Cloud.start({ devices: [], tcpPort: null });
    assert.equal(secure.tcpPort, null);
    await secure.close();
  });
});
