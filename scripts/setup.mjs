// Installs what is missing, so that `npm start` and `npm test` work in a fresh clone.
//
//   node scripts/setup.mjs           the npm packages of this project
//   node scripts/setup.mjs --tests   also what only the tests use: Node-RED 5 with Node 24 (in test/runtimes), and the
//                                    system packages, on Debian as root; elsewhere it says what to install
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What the tests run besides Node: the program that shows it is there, and its Debian packages. */
const systemTools = [
  { check: ['chromium', '--version'], packages: ['chromium', 'fonts-noto-cjk'] },
  { check: ['/usr/bin/python3', '-c', 'import miio'], packages: ['python3-miio'] },
  // It cannot be asked for its version, and is on nobody's PATH but root's.
  { check: ['test', '-x', '/usr/sbin/mosquitto'], packages: ['mosquitto'] },
];

installPackages(root);
if (process.argv.includes('--tests')) {
  installPackages(join(root, 'test/runtimes/node-red-5'));
  installSystemTools();
}

/** `npm ci`, unless node_modules is as new as the lock file. */
function installPackages(directory) {
  const lock = join(directory, 'package-lock.json');
  const installed = join(directory, 'node_modules/.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log(`Installing the npm packages of ${directory} ...`);
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const options = {
    cwd: directory,
    stdio: 'inherit',
    shell: npm === undefined && process.platform === 'win32',
  };
  execFileSync(command, [...args, 'ci', '--no-audit', '--no-fund'], options);
}

function installSystemTools() {
  const missing = systemTools.filter(({ check }) => !runs(check));
  if (missing.length === 0) return;
  const packages = missing.flatMap((tool) => tool.packages);
  if (process.getuid?.() !== 0 || !runs(['apt-get', '--version'])) {
    console.error(
      `The tests also need: ${packages.join(' ')} (Debian: sudo apt-get install ${packages.join(' ')})`,
    );
    process.exit(1);
  }
  console.log(`Installing the system packages ${packages.join(' ')} ...`);
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  execFileSync('apt-get', ['update', '-qq'], options);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
}

function runs([command, ...args]) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
