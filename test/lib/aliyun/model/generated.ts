/** For fast-check: data types as a TSL writes them, each with values that fit and values that do not. */
import fc from 'fast-check';

export interface Generated {
  /** As in a TSL. */
  dataType: object;
  /** What a flow may send. */
  given: unknown;
  /** What the cloud gets. */
  sent: unknown;
}

export const identifier = fc.stringMatching(/^[A-Za-z]\w{0,11}$/);

const same = (dataType: object) => (value: unknown) => ({ dataType, given: value, sent: value });

/** In real models numbers are texts. */
const numbers = (first: fc.Arbitrary<number>): fc.Arbitrary<{ min: number; max: number; specs: object }> =>
  fc.tuple(first, first, fc.boolean()).map(([one, other, areTexts]) => {
    const [min, max] = [Math.min(one, other), Math.max(one, other)];
    return { min, max, specs: areTexts ? { min: `${min}`, max: `${max}`, step: '7' } : { min, max } };
  });
const int32 = fc.integer();
const double = fc.double({ noNaN: true, noDefaultInfinity: true });

const anInt = numbers(int32).chain(({ min, max, specs }) =>
  fc.integer({ min, max }).map(same({ type: 'int', specs })),
);
const aDouble = numbers(double).chain(({ min, max, specs }) =>
  fc.double({ min, max, noNaN: true }).map(same({ type: 'double', specs })),
);
const aBool = fc.constantFrom([true, 1], [false, 0], [1, 1], [0, 0]).map(([given, sent]) => ({
  dataType: { type: 'bool', specs: { 0: 'off', 1: 'on' } },
  given,
  sent,
}));
const anEnum = fc
  .uniqueArray(fc.oneof(fc.integer({ min: -5, max: 200 }), identifier), { minLength: 1, maxLength: 9 })
  .map((keys) => (keys.every((key) => typeof key === 'number') ? keys : keys.map((key) => `v${key}`)))
  .chain((keys) => {
    const specs = Object.fromEntries(keys.map((key) => [key, `name of ${key}`]));
    return fc.constantFrom(...keys).map(same({ type: 'enum', specs }));
  });
const aText = fc
  .string({ unit: 'grapheme' })
  .map((text) => same({ type: 'text', specs: { length: `${Buffer.byteLength(text)}` } })(text));
const aDate = fc
  .tuple(fc.maxSafeNat(), fc.constantFrom('number', 'text', 'Date'))
  .map(([ms, form]) => ({ ms: form === 'Date' ? ms % 8.64e15 : ms, form }))
  .map(({ ms, form }) => ({
    dataType: { type: 'date', specs: {} },
    given: form === 'number' ? ms : form === 'text' ? `${ms}` : new Date(ms),
    sent: `${ms}`,
  }));

const simple: fc.Arbitrary<Generated> = fc.oneof(anInt, aDouble, aBool, anEnum, aText, aDate);

function within(part: fc.Arbitrary<Generated>): fc.Arbitrary<Generated> {
  const anArray = fc.tuple(part, fc.nat({ max: 5 })).map(([item, length]) => ({
    dataType: { type: 'array', specs: { size: `${length}`, item: item.dataType } },
    given: Array(length).fill(item.given),
    sent: Array(length).fill(item.sent),
  }));
  const aStruct = fc.dictionary(identifier, fc.tuple(part, fc.boolean()), { maxKeys: 5 }).map((members) => {
    const all = Object.entries(members);
    const present = all.filter(([, [, isPresent]]) => isPresent);
    return {
      dataType: {
        type: 'struct',
        specs: all.map(([name, [{ dataType }]]) => ({ identifier: name, dataType })),
      },
      given: Object.fromEntries(present.map(([name, [{ given }]]) => [name, given])),
      sent: Object.fromEntries(present.map(([name, [{ sent }]]) => [name, sent])),
    };
  });
  return fc.oneof(part, anArray, aStruct);
}

/** Of any type, arrays and structs nested as deep as the platform allows. */
export const fitting: fc.Arbitrary<Generated> = within(within(within(simple)));

/** What breaks the rule of its type. */
export const misfit: fc.Arbitrary<{ dataType: object; given: unknown }> = fc.oneof(
  numbers(int32).chain(({ min, max, specs }) =>
    fc
      .oneof(fc.integer({ max: min - 1, min: min - 1e9 }), fc.integer({ min: max + 1, max: max + 1e9 }))
      .map((given) => ({ dataType: { type: 'int', specs }, given })),
  ),
  numbers(fc.double({ min: -1e6, max: 1e6, noNaN: true })).chain(({ min, max, specs }) =>
    fc
      .constantFrom(min - 0.001, max + 0.001, Number.NaN, Number.NEGATIVE_INFINITY, `${min}`)
      .map((given) => ({ dataType: { type: 'float', specs }, given })),
  ),
  fc.integer({ min: 2 }).map((given) => ({ dataType: { type: 'bool' }, given })),
  fc.integer({ min: 2 }).map((given) => ({ dataType: { type: 'enum', specs: { 0: 'a', 1: 'b' } }, given })),
  fc
    .string({ unit: 'grapheme', minLength: 1 })
    .map((given) => ({ dataType: { type: 'text', specs: { length: Buffer.byteLength(given) - 1 } }, given })),
  fc.array(fc.constant(1), { minLength: 1 }).map((given) => ({
    dataType: { type: 'array', specs: { size: given.length - 1, item: { type: 'int' } } },
    given,
  })),
);
