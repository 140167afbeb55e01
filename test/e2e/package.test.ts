/** What is published: only what a user needs, and it works where nothing else of ours is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  let tarball: string;
  let files: string[];

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'mialink-package-'));
    const packed = npm(['pack', '--ignore-scripts', '--json', '--pack-destination', directory], ROOT);
    const [report]: { filename: string; files: { path: string }[] }[] = JSON.parse(packed);
    assert.ok(report);
    tarball = join(directory, report.filename.replace('@', '').replace('/', '-'));
    files = report.files.map(({ path }) => path);
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

  for (const version of ['4.1', '5.0'] as const) {
    it(`installs into an empty Node-RED ${version}, which then has the nodes and miio-cli`, async () => {
      const home = mkdtempSync(join(directory, 'user-'));
      writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'a-user', private: true }));
      npm(['install', '--omit=dev', '--no-audit', '--no-fund', tarball], home);
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
