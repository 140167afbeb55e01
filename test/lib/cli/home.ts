/** A home of two devices for the tests of the program: the lamp discloses its token, the plug hides its own. */
import {
  Home,
  hiddenPlug,
  lamp,
  type SimulatedDevice,
  type SimulatedDeviceOptions,
} from '../../simulators/home';

/** Call inside `describe`. */
export function useHome(options: Partial<SimulatedDeviceOptions> = {}) {
  let home: Home;
  beforeEach(async () => {
    home = await Home.start([
      lamp({ port: 0, helloToken: 'disclosed', ...options }),
      hiddenPlug({ port: 0 }),
    ]);
  });
  afterEach(() => home.close());

  return {
    get lamp(): SimulatedDevice {
      return home.device('100000001');
    },
    get plug(): SimulatedDevice {
      return home.device('300000003');
    },
  };
}

/** The switches that lead to a device. */
export function at({ address, port }: SimulatedDevice): string[] {
  return ['--ip', address, '--port', String(port)];
}
