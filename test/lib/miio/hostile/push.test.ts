/** Who forges what devices report: nothing that is not signed, new and for us is told, and nothing true is lost. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { deriveKeys } from '../../../../lib/miio/packet';
import { PushServer } from '../../../../lib/miio/push';
import { tokenBytes } from '../../../simulators/home/wire';
import { Subscriber } from '../push/subscriber';
import { CallingGateway, freePort } from '../push/zigbee-gateway';
import { flipped, OTHER_TOKEN, Stage } from './stage';

const changedTo = (value: unknown, id: number) => ({
  id,
  method: 'properties_changed',
  params: [{ siid: 2, piid: 1, value }],
});

describe('the reports of a device among liars', () => {
  let stage: Stage;
  let subscriber: Subscriber;

  beforeEach(async () => {
    stage = await Stage.open();
    const { puppet } = stage;
    let subscribedAt = 0;
    puppet.onHello = (from) => {
      const block = Buffer.from('MSUB....PUB\x01\xfe\0\0\0', 'latin1');
      block.writeUInt32BE(subscribedAt, 4);
      const answer = puppet.helloReply();
      block.copy(answer, 16);
      puppet.send(answer, from);
    };
    puppet.onRequest = (request) => {
      const { params } = request;
      if (typeof params === 'object' && params !== null && 'update_ts' in params) {
        subscribedAt = Number(params.update_ts);
      }
      puppet.result(request, { code: 0 });
    };
    subscriber = new Subscriber(stage.client);
    await subscriber.reaches('subscribed');
    subscriber.told.length = 0;
  });
  afterEach(async () => {
    await subscriber.close();
    await stage.close();
  });

  const values = () => subscriber.told.map((report) => (Array.isArray(report) ? report[0].value : report));

  it('are not believed with any one bit flipped', () => {
    const report = stage.sealed(changedTo('lie', 1));
    for (let bit = 0; bit < report.length * 8; bit++) stage.arrive(flipped(report, bit));
    stage.arrive(stage.sealed(changedTo('true', 2)));
    assert.deepEqual(values(), ['true']);
  });

  it('are not believed from another address or port, or with another id or token', () => {
    const report = stage.sealed(changedTo('lie', 1));
    stage.arrive(report, { address: '127.54.6.1', port: stage.puppet.port });
    stage.arrive(report, { address: stage.puppet.address, port: 1 });
    stage.arrive(stage.sealed(changedTo('lie', 1), { did: 4712n }));
    stage.arrive(stage.sealed(changedTo('lie', 1), { token: tokenBytes(OTHER_TOKEN) }));
    stage.arrive(stage.sealed(changedTo('true', 2)));
    assert.deepEqual(values(), ['true']);
  });

  it('are told once, however often they come again', () => {
    const report = stage.sealed(changedTo('once', 1));
    for (let n = 0; n < 100; n++) stage.arrive(report);
    assert.deepEqual(values(), ['once']);
  });

  it('are all told in a storm of 5,000, each once and in their order', () => {
    const numbers = Array.from({ length: 5_000 }, (_, n) => n);
    for (const n of numbers) {
      const report = stage.sealed(changedTo(n, n + 1));
      stage.arrive(report);
      stage.arrive(report);
    }
    assert.deepEqual(values(), numbers);
  });

  it('do not keep a command from its answer, nor become one', async () => {
    stage.puppet.onRequest = (request) => {
      for (let n = 0; n < 200; n++) stage.arrive(stage.sealed(changedTo(n, request.id)));
      stage.puppet.result(request, ['true']);
    };
    assert.deepEqual(await stage.client.result('get'), ['true']);
  });

  it('are not told after close', async () => {
    await subscriber.subscription.close();
    subscriber.told.length = 0;
    stage.arrive(stage.sealed(changedTo('late', 1)));
    assert.deepEqual(subscriber.told, []);
  });

  it('of any bytes do not throw', () => {
    const text = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    const params = fc.jsonValue().map((value) => ({ id: 1, method: 'properties_changed', params: value }));
    fc.assert(
      fc.property(fc.oneof(text, params), fc.boolean(), (body, sealed) => {
        if (sealed || !Buffer.isBuffer(body)) stage.arrive(stage.sealed(body));
        else stage.arrive(body);
      }),
      { numRuns: 300 },
    );
    stage.arrive(stage.sealed(changedTo('true', 77)));
    assert.deepEqual(values().at(-1), 'true');
  });
});

describe('the calls of a gateway among liars', () => {
  const TOKEN = '676174657761791fa2b3c4d5e6f70819';
  const METHOD = 'click_1:lumi_1';
  const heard: unknown[] = [];
  const listener = {
    label: 'gateway',
    address: '127.0.0.1',
    keys: deriveKeys(tokenBytes(TOKEN)),
    hear: ({ method, id }: { method: string; id: number }) => method === METHOD && heard.push(id) > 0,
  };
  let server: PushServer;
  let gateway: CallingGateway;

  beforeEach(async () => {
    heard.length = 0;
    const port = await freePort();
    server = new PushServer({ bindAddress: '127.0.0.1', port });
    gateway = await CallingGateway.open({ address: '127.0.0.1', port }, TOKEN);
    await server.listen(listener);
  });
  afterEach(async () => {
    await server.leave(listener);
    await gateway.close();
  });

  const trueCall = (id: number) => gateway.call({ id, method: METHOD, params: [] });

  it('are not heard with any one bit flipped', async () => {
    const call = gateway.packet({ id: 5, method: METHOD, params: [] });
    for (let bit = 0; bit < call.length * 8; bit++) {
      gateway.send(flipped(call, bit));
      // As many as the system keeps for a server that is busy.
      if (bit % 20 === 0) await nextTurn();
    }
    assert.equal(await trueCall(9), '{"result":0,"id":9}', 'the first answer is for the true call');
    assert.deepEqual(heard, [9]);
  });

  it('are heard behind the largest datagrams', async () => {
    gateway.send(Buffer.alloc(65_507));
    gateway.send(gateway.packet({ id: 5, method: 'x'.repeat(60_000), params: [] }));
    assert.equal(await trueCall(9), '{"result":0,"id":9}');
    assert.deepEqual(heard, [9]);
  });

  for (const [what, params] of [
    ['nested without end', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
    ['that end too early', '['],
  ] as const) {
    it(`are not heard with params ${what}`, async () => {
      gateway.send(gateway.packet(`{"id":5,"method":"${METHOD}","params":${params}}`));
      await trueCall(9);
      assert.deepEqual(heard, [9]);
    });
  }
});
