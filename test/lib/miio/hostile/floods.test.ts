/** Ten thousand datagrams while a command or a search is under way: it ends well, and others get their turns. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { discover } from '../../../../lib/miio/discovery';
import { encodeHello, tokenBytes } from '../../../simulators/home/wire';
import { OTHER_TOKEN, recording, Stage } from './stage';

const PACKETS = 10_000;
/** As many as a fast network brings between two turns of the event loop. */
const BURST = 100;
const LONGEST_STANDSTILL_MS = 1_000;

describe('a flood of 10,000 datagrams', () => {
  let stage: Stage;
  let flooded: 'not yet' | 'flooded';

  beforeEach(async () => {
    stage = await Stage.open();
    flooded = 'not yet';
  });
  afterEach(() => stage.close());

  /** By the network, in bursts, once. */
  const flood = async (datagram: (index: number) => Buffer, liar?: Socket) => {
    if (flooded === 'flooded') return;
    flooded = 'flooded';
    const to = stage.puppet.client ?? assert.fail('the session has spoken');
    for (let index = 0; index < PACKETS; index++) {
      if (liar) liar.send(datagram(index), to.port, to.address);
      else stage.puppet.send(datagram(index));
      if (index % BURST === 0) await nextTurn();
    }
  };
  const turnsGoOnWhile = async (work: Promise<unknown>) => {
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    await work;
    delays.disable();
    assert.ok(delays.max / 1e6 < LONGEST_STANDSTILL_MS, `${Math.round(delays.max / 1e6)} ms without a turn`);
  };

  const garbage = Buffer.alloc(600, 0x5a);
  const floods: [string, () => (index: number) => Buffer][] = [
    ['of garbage', () => () => garbage],
    ['of hellos', () => encodeHello],
    ['of answers to a hello', () => (index) => stage.puppet.helloReply(BigInt(index + 1), index)],
    [
      'of answers signed with another token',
      () => {
        const lie = stage.sealed({ id: 1, result: ['lie'] }, { token: tokenBytes(OTHER_TOKEN) });
        return () => lie;
      },
    ],
    [
      'of true answers to ids of nobody',
      () => {
        const lie = stage.sealed({ id: 1, result: ['lie'.repeat(200)] });
        return () => lie;
      },
    ],
    [
      'of requests of the device',
      () => {
        const lie = stage.sealed({ id: 1, method: 'props', params: { power: 'on' } });
        return () => lie;
      },
    ],
  ];
  for (const [what, makeDatagram] of floods) {
    it(`${what} does not keep a command from its answer`, async () => {
      await stage.client.warmUp();
      const datagram = makeDatagram();
      stage.beforeAnswer(() => flood(datagram));
      const command = stage.client.result('get', [], { timeoutMs: 15_000 });
      await turnsGoOnWhile(command);
      assert.deepEqual(await command, ['true']);
      assert.equal(stage.client.session.deviceId, '4711');
      assert.equal(stage.client.session.state, 'connected');
    });
  }

  it('from a stranger does not keep a command from its answer', async () => {
    const stranger = createSocket('udp4').bind(0, '127.54.6.1').unref();
    await once(stranger, 'listening');
    await stage.client.warmUp();
    stage.beforeAnswer(({ id }) => flood(() => stage.sealed({ id, result: ['lie'] }), stranger));
    const command = stage.client.result('get', [], { timeoutMs: 15_000 });
    await turnsGoOnWhile(command);
    assert.deepEqual(await command, ['true']);
    stranger.close();
  });

  it('of answers to a hello, with the ids of others, does not keep the device from being found', async () => {
    stage.puppet.onHello = async (from) => {
      await flood((index) => stage.puppet.helloReply(BigInt(index + 10_000), index));
      stage.puppet.send(stage.puppet.helloReply(), from);
    };
    const options = { timeoutMs: 15_000, deviceId: '4711' };
    const command = stage.client.result('get', [], options);
    await turnsGoOnWhile(command);
    assert.deepEqual(await command, ['ok']);
    assert.equal(stage.client.session.deviceId, '4711');
  });

  /** What a search of the whole network finds while all this arrives from ever new addresses. */
  const searchUnder = async (idOf: (index: number) => bigint) => {
    const opened: Socket[] = [];
    const { puppet } = stage;
    puppet.onHello = (from) => {
      const [socket] = opened;
      for (let index = 0; index < 3 * PACKETS; index++) {
        const liar = { address: `10.0.${index >> 8}.${index & 255}`, port: 54_321 };
        socket?.emit('message', puppet.helloReply(idOf(index)), liar);
      }
      puppet.send(puppet.helloReply(), from);
    };
    return discover({
      addresses: `127.0.0.1:${puppet.port} 127.255.255.255`,
      timeoutMs: 300,
      resolve: async (address) => address,
      createSocket: recording(opened),
    });
  };

  it('of ever new ids fills a search up to a limit', async () => {
    assert.equal((await searchUnder((index) => BigInt(index + 10_000))).length, PACKETS);
  });

  it('without an id, from ever new addresses, does not keep a device from being found', async () => {
    const found = await searchUnder(() => 0n);
    assert.deepEqual(
      found.map(({ deviceId }) => deviceId),
      ['4711'],
    );
  });
});
