import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import fc from 'fast-check';
import { SCENE_IDS, sceneFrame, sceneMethod, sceneName } from '../../../../lib/miio/push/scene';

const TOKEN = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const TARGET = { address: '192.168.1.5', token: TOKEN, own: false };
const CLICK = {
  sourceDid: 'lumi.158d0001234567',
  sourceModel: 'lumi.sensor_switch.v2',
  event: 'click',
  extra: '[1,13,1,85,[0,1],0,0]',
};
const md5 = (...parts: Buffer[]) => createHash('md5').update(Buffer.concat(parts)).digest();

/** As the gateway stores it. */
function sceneOf(frame: object): unknown {
  assert.ok('data' in frame && typeof frame.data === 'string');
  return JSON.parse(frame.data);
}

describe('a scene of a gateway', () => {
  it('calls us when the event happens, by the form that gateways know', () => {
    const frame = sceneFrame(1_000_001, CLICK, TARGET, 1_600_000_000);
    const { data: _, ...around } = frame as { data: string };
    assert.deepEqual(around, { cur: 0, data_tkn: 29576, total: 1, type: 'scene' });
    const cipher = createCipheriv('aes-128-cbc', md5(TOKEN), md5(md5(TOKEN), TOKEN));
    assert.deepEqual(sceneOf(frame), [
      [
        'x.scene.1000001',
        [
          '1.0',
          1_600_000_000,
          [
            '0',
            {
              did: 'lumi.158d0001234567',
              extra: '[1,13,1,85,[0,1],0,0]',
              key: 'event.lumi.sensor_switch.v2.click',
              model: 'lumi.sensor_switch.v2',
              src: 'device',
              timespan: ['0 0 * * 0,1,2,3,4,5,6', '0 0 * * 0,1,2,3,4,5,6'],
              token: '',
            },
          ],
          [
            {
              command: 'chuangmi.plug.v3.click_lflt:lumi_158d0001234567'.slice(0, 49),
              did: '120009025',
              extra: '',
              id: 0,
              ip: '192.168.1.5',
              model: 'chuangmi.plug.v3',
              token: cipher.update(TOKEN).toString('hex'),
              value: '',
            },
          ],
        ],
      ],
    ]);
  });

  it('shows the token only for events of the gateway itself', () => {
    const hex = TOKEN.toString('hex');
    assert.ok(!JSON.stringify(sceneFrame(1, CLICK, TARGET, 0)).includes(hex));
    const own = sceneOf(sceneFrame(1, CLICK, { ...TARGET, own: true }, 0));
    assert.ok(JSON.stringify(own).includes(`"token":"${hex}"`));
  });

  it('has a name by which it is removed', () => {
    assert.equal(sceneName(42), 'x.scene.42');
  });

  const text = (maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...'aZ09_.-'), minLength: 1, maxLength, size: 'max' });
  const events = fc.record({
    sourceDid: text(48),
    sourceModel: text(48),
    event: text(48),
    extra: fc.string(),
  });
  const ids = fc.integer({ min: 1, max: SCENE_IDS - 1 });

  it('has a command that no gateway cuts, and that ends as the gateway calls it', () => {
    fc.assert(
      fc.property(ids, events, (id, event) => {
        const [, command = ''] =
          /"command":"([^"]*)"/.exec(JSON.stringify(sceneOf(sceneFrame(id, event, TARGET, 0)))) ?? [];
        assert.ok(command.length <= 49);
        assert.equal(command, `chuangmi.plug.v3.${sceneMethod(id, event)}`);
        assert.match(sceneMethod(id, event), /^[\w-]+:[\w-]+$/);
      }),
    );
  });

  it('is known again by its method, whatever else is the same', () => {
    fc.assert(
      fc.property(ids, ids, events, events, (id, other, event, otherEvent) => {
        fc.pre(id !== other);
        assert.notEqual(sceneMethod(id, event), sceneMethod(other, event));
        assert.notEqual(sceneMethod(id, event), sceneMethod(other, otherEvent));
      }),
    );
  });

  it('fits into one packet, however long the settings may be', () => {
    const long = {
      sourceDid: 'd'.repeat(48),
      sourceModel: 'm'.repeat(48),
      event: 'e'.repeat(48),
      extra: '1'.repeat(256),
    };
    assert.ok(JSON.stringify(sceneFrame(1, long, { ...TARGET, own: true }, 1_700_000_000)).length < 1_400);
  });
});
