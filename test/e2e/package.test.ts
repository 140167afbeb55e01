/** What is published: only what a user needs, and it works where nothing else of ours is. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeRed } from '../support/node-red';

const ROOT = join(__dirname, '../..');
const manifest: {
  version: string;
  'node-red': { nodes: Record<string, string> };
  dependencies: Record<string, string>;
  files: string[];
} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

describe('the package', function () {
  this.timeout(180_000);
  let directory: string;
  /** Of a user who has installed it, and nothing else. */
  let home: string;
  let files: string[];

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'mialink-package-'));
    const packed = npm(['pack', '--ignore-scripts', '--json', '--pack-destination', directory], ROOT);
    const [report]: { filename: string; files: { path: string }[] }[] = JSON.parse(packed);
    assert.ok(report);
    files = report.files.map(({ path }) => path);
    home = mkdtempSync(join(directory, 'user-'));
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'a-user', private: true }));
    const tarball = join(directory, report.filename.replace('@', '').replace('/', '-'));
    npm(['install', '--omit=dev', '--no-audit', '--no-fund', tarball], home);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('holds the compiled nodes with their html, icons and catalogues, and nothing of the workshop', () => {
    for (const [type, script] of Object.entries(manifest['node-red'].nodes)) {
      for (const path of [
        script,
        script.replace(/\.js$/, '.html'),
        script.replace(/[^/]+\.js$/, `locales/en-US/${type}.json`),
      ]) {
        assert.ok(files.includes(path), `${path} is missing`);
      }
    }
    assert.ok(files.some((path) => /^dist\/nodes\/icons\/.+\.svg$/.test(path)));
    assert.ok(files.some((path) => path.startsWith('examples/')));
    for (const path of ['LICENSE', 'README.md', 'CHANGELOG.md']) assert.ok(files.includes(path), path);
    const strangers = files.filter(
      (path) =>
        !/^(dist\/|examples\/[\w-]+\.json$|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/.test(path) ||
        (/\.ts$|\.map$|\.env/.test(path) && !path.endsWith('.d.ts')),
    );
    assert.deepEqual(strangers, []);
  });

  it('has at most 6 runtime dependencies, none with an install script', () => {
    assert.ok(Object.keys(manifest.dependencies).length <= 6);
    const lock: {
      packages: Record<string, { dev?: boolean; devOptional?: boolean; hasInstallScript?: boolean }>;
    } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    const withScripts = Object.entries(lock.packages)
      .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional && entry.hasInstallScript)
      .map(([path]) => path);
    assert.deepEqual(withScripts, []);
  });

  it('has types that a strict program compiles with, and a name for each that it needs', () => {
    writeFileSync(join(home, 'program.ts'), PROGRAM);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'es2022',
      module: 'nodenext',
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    };
    writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const tsc = createRequire(__filename).resolve('typescript/bin/tsc');
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', home], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });

  for (const version of ['4.1', '5.0'] as const) {
    it(`installs into an empty Node-RED ${version}, which then has the nodes and miio-cli`, async () => {
      const miioCli = join(home, 'node_modules/.bin/miio-cli');
      assert.equal(execFileSync(miioCli, ['--version'], { encoding: 'utf8' }), `${manifest.version}\n`);
      const packageDirectory = join(home, 'node_modules/@mialink/node-red-miio-aliyun');
      const nodeRed = await NodeRed.start({ version, packageDirectory });
      try {
        const response = await fetch(`${nodeRed.url}/nodes`, { headers: { accept: 'application/json' } });
        const sets: { module: string; types: string[]; enabled: boolean; err?: string }[] = JSON.parse(
          await response.text(),
        );
        const ours = sets.filter((set) => set.module === '@mialink/node-red-miio-aliyun');
        assert.deepEqual(
          ours.flatMap((set) => (set.enabled && !set.err ? set.types : [])).sort(),
          Object.keys(manifest['node-red'].nodes).sort(),
        );
      } finally {
        await nodeRed.close();
      }
    });
  }
});

function npm(args: string[], cwd: string): string {
  const script = process.env.npm_execpath;
  const [command, first] = script ? [process.execPath, [script]] : ['npm', []];
  return execFileSync(command, [...first, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** What a programmer may write with the public names, each value under the name of its type. */
const PROGRAM = `
import { aliyun, MialinkError, miio } from '@mialink/node-red-miio-aliyun';

const { signal } = new AbortController();

export async function onTheLan(network: miio.Network): Promise<void> {
  const settings: miio.DeviceSettings = { address: '192.168.1.20', token: '00112233445566778899aabbccddeeff' };
  const checked: miio.CheckedSettings = miio.checkSettings(settings);
  const search: miio.SearchOptions = { timeoutMs: 2_000, signal };
  const found: miio.FoundDevice[] = await network.discover(search);
  const changes: miio.PresenceChanges = new miio.Presence().searched(found);
  const moved: miio.PresenceChange = 'moved';
  const lamp: miio.MiioDevice = network.device({ ...settings, ...changes[moved][0] });
  lamp.on('state', (state: miio.SessionState) => console.log(checked.label, state));

  const power: miio.MiotProperty = { name: 'on', siid: 2, piid: 1 };
  const wishes: miio.Change[] = [
    { property: power, value: true },
    { property: { name: 'bright' }, value: 80 },
  ];
  const answer: miio.PropertyAnswer = await lamp.properties.set(wishes, { signal });
  const access: miio.PropertyAccess = new miio.PropertyAccess(lamp);
  const limits: miio.DeviceLimits = new miio.DeviceLimits();
  console.log(answer.values.on, (await access.get([power])).errors, limits);
  const spec: miio.Spec = await miio.readSpec('lamp.json');
  await access.action(spec.resolveAction('light:toggle', []));

  const click = { sourceDid: 'lumi.1', sourceModel: 'lumi.switch', event: 'click', extra: '[1]' };
  const events: readonly miio.SceneEvent[] = [click];
  lamp.subscribeScenes(events).on('event', ({ params }: miio.SceneReport) => console.log(params));
  lamp.subscribe().on('properties', ([first]: miio.PropertyReport[]) => console.log(first?.value));

  const toUpgrade: miio.Upgradable = lamp;
  const options: miio.UpgradeOptions = { onProgress: ({ percent }) => console.log(percent), signal };
  const { version }: miio.UpgradeResult = await miio.upgradeFirmware(toUpgrade, 'lamp.bin', options);
  const outcome: miio.ProvisioningOutcome = await miio.provision(lamp, { ssid: 'home', password: '' });
  const records: miio.TokenRecord[] = await miio.extractTokens({ path: 'miio2.db' });
  console.log(version ?? 'unknown', outcome, records.length);
}

export async function inTheCloud(settings: aliyun.AliyunSettings): Promise<number> {
  const device = new aliyun.AliyunDevice(settings, { outbox: new aliyun.MemoryStore() });
  device.on('state', (state: aliyun.DeviceState, problem: MialinkError | undefined) => console.log(state, problem));
  device.onPropertySet('auto', ({ params }: aliyun.PropertySet) => console.log(params));
  device.onService('', (call: aliyun.ServiceCall) => void device.answer(call, { code: 200 }));
  device.open();
  const posted: aliyun.Posted = await device.postProperties({ temperature: 21.5 });
  const shadow: aliyun.Shadow = device.shadow;
  await shadow.update({ temperature: 21.5 });
  const { cloudClock, deviceLog, rawData, rrpc } = device;
  const functions: [aliyun.CloudClock, aliyun.DeviceLog, aliyun.RawData, aliyun.Rrpc] = [cloudClock, deviceLog, rawData, rrpc];
  console.log(functions.length);
  const update: aliyun.JobUpdate = { taskId: '1', status: 'SUCCEEDED' };
  const { code }: aliyun.CloudReply = await aliyun.updateJob(device, update);
  await device.close();
  return 'kept' in posted ? 0 : code;
}
`;
