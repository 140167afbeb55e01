/**
 * Ready devices for tests and the demo. Each has an id and a token of its own that never change; `overrides` replace
 * what is given, of `properties` and `miot` only the named ones.
 */
import type { SimulatedDeviceOptions } from './options';

type Overrides = Partial<SimulatedDeviceOptions>;

/** A desk lamp with classic properties: power 'on' | 'off', bright 1..100, ct 1700..6500 (kelvin). */
export function lamp(overrides: Overrides = {}): SimulatedDeviceOptions {
  return build(
    {
      did: '100000001',
      token: '6c616d7031a1b2c3d4e5f60718293a4b',
      model: 'yeelink.light.lamp1',
      properties: { power: 'off', bright: 80, ct: 4000 },
      accepts: { power: oneOf('on', 'off'), bright: between(1, 100), ct: between(1700, 6500) },
    },
    overrides,
  );
}

/**
 * An air purifier with MIoT properties: 2.1 power, 2.5 mode 0..2 (auto, sleep, favourite), and read-only 3.1 relative
 * humidity (%), 3.4 PM2.5 (ug/m3), 3.7 temperature (degrees Celsius). Action 2.1 does nothing and succeeds.
 */
export function purifier(overrides: Overrides = {}): SimulatedDeviceOptions {
  return build(
    {
      did: '200000002',
      token: '70757269661fa2b3c4d5e6f708192a3b',
      model: 'zhimi.airpurifier.ma4',
      miot: { '2.1': true, '2.5': 0, '3.1': 45, '3.4': 12, '3.7': 22.5 },
      readOnly: ['3.1', '3.4', '3.7'],
      accepts: { '2.1': oneOf(true, false), '2.5': oneOf(0, 1, 2) },
      actions: { '2.1': () => [] },
    },
    overrides,
  );
}

/**
 * A ceiling light with MIoT properties that it reports unasked: 2.1 power, 2.2 brightness 1..100 (%), 2.3 colour
 * temperature 2700..6500 (kelvin), read-only 3.1 motion. Event 3.1 with argument 3.1: somebody came or went.
 */
export function light(overrides: Overrides = {}): SimulatedDeviceOptions {
  return build(
    {
      did: '400000004',
      token: '6c69676874341fa2b3c4d5e6f7081920',
      model: 'yeelink.light.ceil26',
      miot: { '2.1': false, '2.2': 60, '2.3': 4000, '3.1': false },
      readOnly: ['3.1'],
      accepts: { '2.1': oneOf(true, false), '2.2': between(1, 100), '2.3': between(2700, 6500) },
      subscription: { type: 1 },
    },
    overrides,
  );
}

/** A gateway with a classic property, arming 'on' | 'off', that stores scenes and calls their targets. */
export function gateway(overrides: Overrides = {}): SimulatedDeviceOptions {
  return build(
    {
      did: '500000005',
      token: '67617465776179351fa2b3c4d5e6f708',
      model: 'lumi.gateway.v3',
      properties: { arming: 'off' },
      accepts: { arming: oneOf('on', 'off') },
      gateway: {},
    },
    overrides,
  );
}

/** A plug with classic properties that hides its token behind zeros: power 'on' | 'off', read-only temperature. */
export function hiddenPlug(overrides: Overrides = {}): SimulatedDeviceOptions {
  return build(
    {
      did: '300000003',
      token: '706c756776332fa1b2c3d4e5f6071829',
      model: 'chuangmi.plug.v3',
      helloToken: 'zeros',
      properties: { power: 'on', temperature: 31 },
      readOnly: ['temperature'],
      accepts: { power: oneOf('on', 'off') },
    },
    overrides,
  );
}

function build(model: SimulatedDeviceOptions, overrides: Overrides): SimulatedDeviceOptions {
  const built = { ...model, ...overrides };
  if (model.properties) built.properties = { ...model.properties, ...overrides.properties };
  if (model.miot) built.miot = { ...model.miot, ...overrides.miot };
  return built;
}

function oneOf(...allowed: unknown[]): (value: unknown) => boolean {
  return (value) => allowed.includes(value);
}

/** Whole numbers, limits included. */
function between(min: number, max: number): (value: unknown) => boolean {
  return (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
