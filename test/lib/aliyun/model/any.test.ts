/** The thing model against anything: what fits always passes, what does not is always named, and nothing else is thrown. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ThingModel } from '../../../../lib/aliyun/model';
import { MialinkError } from '../../../../lib/errors';
import { fitting, identifier, misfit } from './generated';
import { because, lamp, lampTsl, modelOf } from './models';

/** Runs it; a refusal in our own words is fine. */
function survives(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof MialinkError && error.code === 'CONFIG', String(error));
    assert.ok(error.message.length < 5_000, 'the text is short');
  }
}

/** What becomes of the values, or why they are refused; which other names there are does not count. */
function outcome(model: ThingModel, given: unknown): unknown {
  try {
    return model.checkProperties(given);
  } catch (error) {
    assert.ok(error instanceof MialinkError, String(error));
    return { reason: error.reason, values: { ...error.values, known: '' } };
  }
}

describe('any thing model', () => {
  it('takes every value that fits, and sends it as the cloud takes it', () => {
    const members = fc.uniqueArray(fc.tuple(identifier, fitting), {
      selector: ([name]) => name,
      maxLength: 6,
    });
    fc.assert(
      fc.property(members, (all) => {
        const properties = all.map(([name, { dataType }]) => ({ identifier: name, dataType }));
        const given = Object.fromEntries(all.map(([name, one]) => [name, one.given]));
        const sent = Object.fromEntries(all.map(([name, one]) => [name, one.sent]));
        const timed = Object.fromEntries(all.map(([name, one]) => [name, { value: one.given, time: 1 }]));
        const events = [{ identifier: 'Happened', outputData: properties }];
        const model = ThingModel.parse(JSON.stringify({ properties, events }), 'the device');
        assert.deepEqual(model.checkProperties(given), sent);
        assert.deepEqual(model.checkEvent('Happened', given), sent);
        for (const [name, value] of Object.entries(model.checkHistory([timed])[0] ?? {})) {
          assert.deepEqual(value, { value: sent[name], time: 1 });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('names what does not fit, however deep it is', () => {
    const wraps = fc.array(fc.constantFrom('array', 'struct'), { maxLength: 3 });
    fc.assert(
      fc.property(misfit, wraps, (wrong, levels) => {
        let { dataType, given } = wrong;
        let path = '';
        // Only a value that is no list itself may be within three.
        const depth = 'specs' in dataType && Array.isArray(given) ? levels.slice(0, 2) : levels;
        for (const level of depth) {
          const isArray = level === 'array';
          path = (isArray ? '[0]' : '.Inner') + path;
          dataType = isArray
            ? { type: 'array', specs: { size: 3, item: dataType } }
            : { type: 'struct', specs: [{ identifier: 'Inner', dataType }] };
          given = isArray ? [given] : { Inner: given };
        }
        assert.throws(
          () => modelOf(dataType).checkProperties({ Value: given }),
          (error) =>
            because('modelViolation')(error) &&
            error instanceof MialinkError &&
            error.values.identifier === `Value${path}`,
        );
      }),
    );
  });

  it('is refused in words where it is any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (tsl) => survives(() => ThingModel.parse(tsl, 'the device'))));
    fc.assert(fc.property(fc.string(), (text) => survives(() => ThingModel.parse(text, 'the device'))));
  });

  it('is refused in words where one thing of a real one is anything', () => {
    const places = placesIn(lampTsl);
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue(), (place, value) => {
        const tsl: unknown = structuredClone(lampTsl);
        put(tsl, place, value);
        survives(() => ThingModel.parse(tsl, 'the device').checkProperties({ Brightness: 1 }));
      }),
      { numRuns: 500 },
    );
  });

  const names = lamp.identifiers.properties.map((one) => one.identifier);
  const key = fc.oneof(fc.constantFrom(...names, '__proto__', 'constructor'), fc.string());
  const anything = fc.oneof(fc.jsonValue(), fc.anything({ withDate: true, withBigInt: true }));
  const values = fc.oneof(fc.dictionary(key, anything), anything);

  it('says the same of values when there are so many properties that they are checked one by one', () => {
    const others = Array.from({ length: 60 }, (_, n) => ({
      identifier: `z${n}`,
      dataType: { type: 'date' },
    }));
    const many = { ...lampTsl, properties: [...lampTsl.properties, ...others] };
    const manyOf = ThingModel.parse(many, 'the lamp');
    const few = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(fc.constantFrom<unknown>(0, 1, true, 2.5, '1', undefined, {}, []), anything),
    );
    fc.assert(
      fc.property(fc.oneof(few, values), (given) => {
        assert.deepEqual(outcome(manyOf, given), outcome(lamp, given));
      }),
      { numRuns: 1_000 },
    );
  });

  it('answers any values in words', () => {
    fc.assert(
      fc.property(values, fc.string(), (given, event) => {
        survives(() => lamp.checkProperties(given));
        survives(() => lamp.checkHistory(given));
        survives(() => lamp.checkHistory([given]));
        survives(() => lamp.checkBatch(given));
        survives(() => lamp.checkIdentifiers(given));
        survives(() => lamp.checkEvent('Error', given));
        survives(() => lamp.checkServiceOutputs('Calibrate', given));
        survives(() => lamp.checkEvent(event, given));
      }),
      { numRuns: 500 },
    );
  });
});

type Path = (string | number)[];

function placesIn(json: unknown, path: Path = []): Path[] {
  if (typeof json !== 'object' || json === null) return [path];
  const inside = Object.entries(json).flatMap(([key, value]) => placesIn(value, [...path, key]));
  return path.length > 0 ? [path, ...inside] : inside;
}

function put(json: unknown, [key, ...rest]: Path, value: unknown): void {
  if (typeof json !== 'object' || json === null || key === undefined) return;
  if (rest.length > 0) put(Reflect.get(json, key), rest, value);
  else Reflect.set(json, key, value);
}
