/** The gateway among the simulated devices: which scenes it takes, and how it calls their targets. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { gateway, lamp, SimulatedDevice } from '../../simulators/home';
import { encodeHelloReply } from '../../simulators/home/wire';
import { nextDrop, Probe } from './home-probe';
import { type Changes, SOURCE_DID, sceneFrame, Target } from './home-scene';

const INVALID = { code: -32602, message: 'Invalid param.' };
const SCENE = {
  id: 'x.scene.77',
  sourceDid: SOURCE_DID,
  sourceModel: 'lumi.sensor_switch',
  event: 'click',
  extra: '[1,13,1,85,[0,1],0,0]',
  targetDid: '120009025',
  ip: '127.0.0.1',
  method: 'click:lumi_158d0001a2b3c4',
};

describe('a simulated gateway', () => {
  let device: SimulatedDevice;
  let probe: Probe;
  let target: Target;

  const frame = (changes?: Changes) => sceneFrame(device.token, changes);
  const store = (changes?: Changes) => probe.ask(device, 'send_data_frame', frame(changes));

  beforeEach(async () => {
    target = await Target.open(gateway().token);
    device = new SimulatedDevice(gateway({ port: 0, gateway: { pushPort: target.port, waitMs: 40 } }));
    await device.start();
    probe = await Probe.open();
  });

  afterEach(async () => {
    await probe.close();
    await device.stop();
    await target.close();
  });

  describe('stores a scene', () => {
    it('and knows it until it is deleted, also without power', async () => {
      assert.deepEqual(await store(), ['ok']);
      assert.deepEqual(device.scenes, [SCENE]);
      await device.stop();
      await device.start();
      assert.deepEqual(device.scenes, [SCENE]);
      probe.command(device, { id: 70, method: 'miIO.xdel', params: ['x.scene.77'] });
      assert.deepEqual(await probe.answer(device), { id: 70, result: ['ok'] });
      assert.deepEqual(device.scenes, []);
    });

    it('in place of one with the same id', async () => {
      await store();
      await store({ trigger: { extra: '[2]' } });
      assert.deepEqual(
        device.scenes.map(({ extra }) => extra),
        ['[2]'],
      );
    });

    it('for an event of its own, for a protected one, and for one with a value', async () => {
      const command = `chuangmi.plug.v3.alarm:${device.did}`;
      const changes = { trigger: { did: device.did, token: device.token, value: 3 }, target: { command } };
      assert.deepEqual(await store(changes), ['ok']);
      assert.equal(device.scenes[0]?.method, `alarm:${device.did}`);
    });

    it('with a command that is cut at 49 characters', async () => {
      const whole = 'chuangmi.plug.v3.double_click_and_hold:lumi_158d0001a2b3c4';
      assert.deepEqual(await store({ target: { command: whole } }), INVALID);
      assert.deepEqual(await store({ target: { command: whole.slice(0, 50) } }), INVALID);
      assert.deepEqual(await store({ target: { command: whole.slice(0, 48) } }), INVALID);
      assert.deepEqual(await store({ target: { command: whole.slice(0, 49) } }), ['ok']);
      assert.equal(device.scenes[0]?.method, whole.slice('chuangmi.plug.v3.'.length, 49));
    });
  });

  describe('refuses', () => {
    const wrong: Record<string, Changes> = {
      'another cur': { frame: { cur: 1 } },
      'another total': { frame: { total: '1' } },
      'another type': { frame: { type: 'data' } },
      'data_tkn as text': { frame: { data_tkn: '29576' } },
      'a field too much in the frame': { frame: { id: 1 } },
      'data that is no text': { frame: { data: [] } },
      'data that is no JSON': { data: (text) => text.slice(1) },
      'no scene': { data: () => '[]' },
      'two scenes': { data: (text) => text.replace(/^.(.*).$/, '[$1,$1]') },
      'a scene without body': { data: () => '[["x.scene.77"]]' },
      'another version': { data: (text) => text.replace('"1.0"', '"2.0"') },
      'a time that is none': { data: (text) => text.replace('1590161094', '5') },
      'another order': { data: (text) => text.replace('["0",', '["1",') },
      'another id': { data: (text) => text.replace('x.scene', 'y.scene') },
      'a trigger without a did': { trigger: { did: undefined } },
      'extra as a list': { trigger: { extra: [1, 13] } },
      'extra that is no list in JSON': { trigger: { extra: 'click' } },
      'the key of another model': { trigger: { key: 'event.lumi.sensor_cube.click' } },
      'a key without event': { trigger: { key: 'event.lumi.sensor_switch.' } },
      'another src': { trigger: { src: 'cloud' } },
      'one timespan': { trigger: { timespan: ['0 0 * * 0,1,2,3,4,5,6'] } },
      'another timespan': { trigger: { timespan: ['0 0 * * *', '0 0 * * *'] } },
      'a trigger with another token': { trigger: { token: 'f'.repeat(32) } },
      'a field too much in the trigger': { trigger: { id: 0 } },
      'a command for another model': { target: { command: 'chuangmi.plug.v1.click:lumi_158d0001a2b3c4' } },
      'a command without action': { target: { command: 'chuangmi.plug.v3.lumi_158d0001a2b3c4' } },
      'a command for another source': { target: { command: 'chuangmi.plug.v3.click:lumi_1' } },
      'a command with dots in its source': { target: { command: `chuangmi.plug.v3.click:${SOURCE_DID}` } },
      'the did of a target as a number': { target: { did: 120009025 } },
      'a target with an id': { target: { id: 1 } },
      'a host name': { target: { ip: 'localhost' } },
      'the token in the clear': { target: { token: gateway().token } },
      'a short token': { target: { token: 'ab' } },
      'a target with a value': { target: { value: 'on' } },
      'a target without extra': { target: { extra: undefined } },
    };
    for (const [what, changes] of Object.entries(wrong)) {
      it(what, async () => {
        assert.deepEqual(await store(changes), INVALID);
        assert.deepEqual(device.scenes, []);
      });
    }

    it('a list, and any other params', async () => {
      assert.deepEqual(await probe.ask(device, 'send_data_frame', [frame()]), INVALID);
      await fc.assert(
        fc.asyncProperty(fc.jsonValue(), async (data) => {
          const params = frame({ frame: { data: JSON.stringify(data) } });
          assert.deepEqual(await probe.ask(device, 'send_data_frame', params), INVALID);
        }),
        { numRuns: 50 },
      );
    });

    it('to delete what it does not have', async () => {
      await store();
      for (const params of [[], ['x.scene.78'], ['x.scene.77', 'x.scene.78'], 'x.scene.77']) {
        assert.deepEqual(await probe.ask(device, 'miIO.xdel', params), INVALID);
      }
      assert.equal(device.scenes.length, 1);
    });

    it('all of it when it is no gateway', async () => {
      const plain = new SimulatedDevice(lamp({ port: 0 }));
      await plain.start();
      const answer = await probe.ask(plain, 'send_data_frame', sceneFrame(plain.token));
      assert.deepEqual(answer, { code: -32601, message: 'Method not found.' });
      assert.deepEqual(await plain.trigger(SOURCE_DID, 'click'), []);
      await plain.stop();
    });
  });

  describe('calls the target of a scene', () => {
    const delivery = (outcome: string) => ({ scene: 'x.scene.77', method: SCENE.method, outcome });

    beforeEach(async () => {
      assert.deepEqual(await store(), ['ok']);
    });

    it('after a hello, with the method of the command', async () => {
      assert.deepEqual(await device.trigger(SOURCE_DID, 'click', [1]), [delivery('delivered')]);
      assert.deepEqual(target.heard, ['hello', `{"id":1,"method":"${SCENE.method}","params":[1]}`]);
      assert.deepEqual(device.deliveries, [delivery('delivered')]);
    });

    it('not when the event or the source is another', async () => {
      assert.deepEqual(await device.trigger(SOURCE_DID, 'double_click'), []);
      assert.deepEqual(await device.trigger(device.did, 'click'), []);
      assert.deepEqual(target.heard, []);
    });

    it('twice at the same time, under an id for each', async () => {
      const clicks = [device.trigger(SOURCE_DID, 'click'), device.trigger(SOURCE_DID, 'click')];
      assert.deepEqual(await Promise.all(clicks), [[delivery('delivered')], [delivery('delivered')]]);
      assert.equal(new Set(target.heard).size, 3);
    });

    it('again, when hello or call was not answered', async () => {
      target.deaf = 2;
      assert.deepEqual(await device.trigger(SOURCE_DID, 'click'), [delivery('delivered')]);
      assert.equal(target.heard.length, 4);
    });

    it('three times, then gives up', async () => {
      target.deaf = Infinity;
      assert.deepEqual(await device.trigger(SOURCE_DID, 'click'), [delivery('no-hello')]);
      assert.deepEqual(target.heard, ['hello', 'hello', 'hello']);
    });

    for (const [what, change] of [
      ['has another did', { did: 1n }],
      ['shows a token', { tokenField: Buffer.alloc(16, 0xff) }],
    ] as const) {
      it(`never, when its hello ${what}`, async () => {
        Object.assign(target, change);
        assert.deepEqual(await device.trigger(SOURCE_DID, 'click'), [delivery('no-hello')]);
        assert.deepEqual(target.heard, ['hello', 'hello', 'hello']);
      });
    }

    for (const [what, change] of [
      ['is no result of 0', { result: ['ok'] }],
      ['is to another id', { answerId: 99 }],
      ['is from another did', { answerDid: 1n }],
    ] as const) {
      it(`three times, when its answer ${what}`, async () => {
        Object.assign(target, change);
        assert.deepEqual(await device.trigger(SOURCE_DID, 'click'), [delivery('no-answer')]);
        assert.equal(target.heard.length, 4);
      });
    }

    it('and listens to nobody else', async () => {
      target.deaf = Infinity;
      const clicked = device.trigger(SOURCE_DID, 'click');
      probe.send(encodeHelloReply(target.did, 7, Buffer.alloc(16)), device);
      assert.equal(await nextDrop(device), 'no-ciphertext');
      assert.deepEqual(await clicked, [delivery('no-hello')]);
    });

    it('no longer when the power goes', async () => {
      target.deaf = Infinity;
      const clicked = device.trigger(SOURCE_DID, 'click');
      await device.stop();
      assert.deepEqual(device.deliveries, [delivery('no-hello')]);
      assert.deepEqual(await clicked, device.deliveries);
    });

    it('with its new token after a reset', async () => {
      device.resetToken('f'.repeat(32));
      assert.deepEqual(await device.trigger(SOURCE_DID, 'click'), [delivery('no-answer')]);
      target.token = Buffer.alloc(16, 0xff);
      assert.deepEqual(await device.trigger(SOURCE_DID, 'click'), [delivery('delivered')]);
    });
  });
});
