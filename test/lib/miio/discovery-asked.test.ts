/** What a search costs those who command the devices that it finds, where a device does not tell its model. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import sinon from 'sinon';
import { type MiioDevice, Network } from '../../../lib/miio';
import { passUntil } from './conversation';
import { Puppet, type Request } from './puppet';

describe('a search that asks a device in use for its model', () => {
  let puppet: Puppet;
  let network: Network;
  let device: MiioDevice;
  let states: string[];

  beforeEach(async () => {
    puppet = await Puppet.open();
    network = new Network();
    states = [];
  });
  afterEach(async () => {
    await network.close();
    await puppet.close();
  });

  const connect = async (): Promise<void> => {
    device = network.device({ address: '127.0.0.1', port: puppet.port, token: Puppet.token });
    await device.call('get_prop', ['power']);
    device.on('state', (state) => states.push(state));
  };
  const questions = () => puppet.requests.filter(({ method }) => method === 'miIO.info').length;
  const search = (timeoutMs = 500) => network.discover({ addresses: `127.0.0.1:${puppet.port}`, timeoutMs });
  const asked = async (): Promise<void> => {
    while (questions() === 0) await delay(1);
  };

  const silences: [string, (request: Request) => void][] = [
    ['not at all', () => undefined],
    ['with nothing', () => puppet.send(puppet.packet('\0'))],
  ];
  for (const [how, answer] of silences) {
    describe(`and is answered ${how}`, () => {
      beforeEach(() => {
        puppet.onRequest = (request) => {
          if (request.method === 'miIO.info') answer(request);
          else puppet.result(request, ['ok']);
        };
      });

      it('keeps no command waiting', async () => {
        await connect();
        const searched = search();
        await asked();
        const { durationMs } = await device.call('set_power', ['on']);
        assert.ok(durationMs < 2_000, `${durationMs} ms`);
        await searched;
      });

      it('asks no more in the searches of an hour, and the device is not said to be away', async () => {
        const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
        const passes = (happens: Promise<unknown>) => passUntil(clock, happens);
        const aMinute = () => passes(new Promise((resolve) => setTimeout(resolve, 60_000)));
        try {
          await passes(connect());
          for (let minute = 0; minute < 5; minute++) {
            await passes(search(10_000));
            await aMinute();
          }
          assert.equal(questions(), 1);
          clock.tick(60 * 60_000);
          await passes(search(10_000));
          await aMinute();
          assert.equal(questions(), 2);
          assert.deepEqual(states, []);
        } finally {
          await network.close();
          clock.restore();
        }
      });
    });
  }

  it('asks in the next one when a command was more urgent', async () => {
    puppet.onRequest = (request) => {
      if (questions() > 1) puppet.result(request, { model: 'a.b.c' });
      else if (request.method !== 'miIO.info') puppet.result(request, ['ok']);
    };
    await connect();
    const first = search();
    await asked();
    await device.call('set_power', ['on']);
    assert.equal((await first)[0]?.model, undefined);
    assert.equal((await search())[0]?.model, 'a.b.c');
    assert.deepEqual(states, []);
  });
});
