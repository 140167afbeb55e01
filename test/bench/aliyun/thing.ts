/** The thing that is measured: a lamp with ten properties, as its product would be defined in the console. */

const SPECS = {
  percent: { min: '0', max: '100', step: '1' },
  counter: { min: '0', max: '2147483647', step: '1' },
};
const HUE = { identifier: 'Hue', dataType: { type: 'int', specs: { min: '0', max: '360' } } };
const SATURATION = { identifier: 'Saturation', dataType: { type: 'int', specs: SPECS.percent } };
const VALUE = { identifier: 'Value', dataType: { type: 'int', specs: SPECS.percent } };

/** Identifier and data type of each. */
const PROPERTIES: [string, object][] = [
  ['Counter', { type: 'int', specs: SPECS.counter }],
  ['LightSwitch', { type: 'bool', specs: { 0: 'off', 1: 'on' } }],
  ['Brightness', { type: 'int', specs: SPECS.percent }],
  ['ColorTemperature', { type: 'int', specs: { min: '2700', max: '6500', step: '100' } }],
  ['Voltage', { type: 'float', specs: { min: '0', max: '260', step: '0.1' } }],
  ['Power', { type: 'double', specs: { min: '0', max: '100', step: '0.01' } }],
  ['WorkMode', { type: 'enum', specs: { 0: 'white', 1: 'colour', 2: 'scene' } }],
  ['Scene', { type: 'text', specs: { length: '64' } }],
  ['OnSince', { type: 'date', specs: {} }],
  ['Color', { type: 'struct', specs: [HUE, SATURATION, VALUE] }],
];

export const THING_MODEL = {
  profile: { productKey: 'a1b2c3d4e5f' },
  properties: PROPERTIES.map(([identifier, dataType]) => ({
    identifier,
    name: identifier,
    accessMode: 'rw',
    dataType,
  })),
  events: [],
  services: [],
};

/** All of them, in the form of the wire; the counter tells one post from the next. */
export function propertiesOf(counter: number): Record<string, unknown> {
  return {
    Counter: counter,
    LightSwitch: 1,
    Brightness: counter % 100,
    ColorTemperature: 4200,
    Voltage: 229.7,
    Power: 8.25,
    WorkMode: 2,
    Scene: 'reading in the evening',
    OnSince: '1763720000000',
    Color: { Hue: 38, Saturation: 64, Value: 90 },
  };
}
