/** `npm start`: Node-RED with the package, a simulated home and a simulated cloud, and a flow between them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cloud } from '../simulators/cloud';
import { Home, hiddenPlug, lamp, type OtaOptions, purifier, type SimulatedDevice } from '../simulators/home';
import { freePort, NodeRed } from '../support/node-red';
import { demoFlow } from './flow';

const TRIPLE = {
  productKey: 'a1MiAlinkDem',
  deviceName: 'home-gateway',
  deviceSecret: 'b8c0d1e2f3a4958677665544332211ff',
};
/** So that the progress bar is seen moving, and the lamp restarting. */
const DOWNLOAD_BYTES_PER_SECOND = 1024 * 1024;
const LAMP_TIMES: OtaOptions = { downloadMs: 5_000, stepMs: 1_500, restartMs: 8_000 };

/** What has been started and is to be stopped, the last first. */
const running: { close(): Promise<void> }[] = [];

async function main(): Promise<void> {
  stopOnSignal();
  const cloud = started(await startCloud());
  const home = started(await startHome(cloud));
  const nodeRed = started(await NodeRed.start({ port: 1_880 }));
  const ca = join(nodeRed.userDir, 'cloud-ca.pem');
  writeFileSync(ca, cloud.ca);
  const [theLamp, thePurifier] = home.devices;
  if (!theLamp || !thePurifier) throw new Error('the home is empty');
  await nodeRed.deploy(
    demoFlow({
      lamp: theLamp,
      purifier: thePurifier,
      addresses: home.devices.map(({ address, port }) => `${address}:${port}`).join(' '),
      cloud: { ...TRIPLE, endpoint: `127.0.0.1:${cloud.tlsPort}`, ca },
    }),
  );
  tellOf(theLamp);
  console.log(guide(nodeRed.url, `http://127.0.0.1:${cloud.consolePort}`));
}

function started<Part extends { close(): Promise<void> }>(part: Part): Part {
  running.unshift(part);
  return part;
}

async function startCloud(): Promise<Cloud> {
  const tlsPort = await freePort(8_883);
  const cloud = await Cloud.start({ devices: [TRIPLE], tlsPort, consolePort: await freePort(1_881) });
  cloud.firmware.bytesPerSecond = DOWNLOAD_BYTES_PER_SECOND;
  cloud.shortcuts.push(
    { label: 'Lamp on', deviceName: TRIPLE.deviceName, set: { LampPower: 1 } },
    { label: 'Lamp off', deviceName: TRIPLE.deviceName, set: { LampPower: 0 } },
    { label: 'Lamp to 30 %', deviceName: TRIPLE.deviceName, set: { LampBrightness: 30 } },
  );
  return cloud;
}

/** On miIO's own port and the next two; where they are taken (by another simulator), on any. */
async function startHome(cloud: Cloud): Promise<Home> {
  // The cloud's page makes images of random bytes, which do not tell their version.
  const firmwareOf = () => cloud.device(TRIPLE.deviceName).upgrade?.version ?? 'unknown';
  const devices = (port: number) => [
    lamp({ port, ota: { ...LAMP_TIMES, firmwareOf } }),
    purifier({ port: port && port + 1 }),
    hiddenPlug({ port: port && port + 2 }),
  ];
  return Home.start(devices(54_321)).catch(() => Home.start(devices(0)));
}

/** What the lamp does, for who looks at the terminal. */
function tellOf(theLamp: SimulatedDevice): void {
  const tell = (what: string) => console.log(`  the lamp: ${what}`);
  theLamp.on('change', (name, value) => tell(`${String(name)} is now ${String(value)}`));
  theLamp.on('ota', (state) => tell(`firmware ${state}`));
  theLamp.on('started', () => tell(`has restarted, and runs version ${theLamp.version}`));
}

function guide(editor: string, console: string): string {
  return `
  The demo is running: a lamp, an air purifier and a plug, all simulated, bridged to a simulated cloud.

    Editor        ${editor}
    Cloud         ${console}

  What to try:
    1. In the editor, see the flow: every node is green, and the debug panel lists three devices.
    2. On the cloud's page, click "Lamp on": the cloud sets the property, the lamp switches (it says so below).
    3. There, call the service "toggle".
    4. There, push the next version: Node-RED fetches the file and checks it, the lamp fetches it from Node-RED,
       installs it and restarts; then the version changes, and the task has succeeded. Push a corrupted one: it
       fails at the check, and the lamp hears nothing of it.
    5. In the editor, double-click a node to see its settings and its help.

  Ctrl-C ends it.
`;
}

/** The first signal stops cleanly, a second one at once. */
function stopOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log('\n  Stopping ...');
      void stop(0);
    });
  }
}

async function stop(exitCode: number): Promise<void> {
  for (const part of running.splice(0)) await part.close().catch((error: unknown) => console.error(error));
  process.exit(exitCode);
}

main().catch((error: unknown) => {
  console.error(error);
  void stop(1);
});
