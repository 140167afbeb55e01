// Builds dist/: the compiled lib and nodes, and beside each compiled node its html, the icons and the catalogues,
// where Node-RED's loader looks for them.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const file of readdirSync('nodes').filter((name) => name.endsWith('.html'))) {
  cpSync(join('nodes', file), join('dist/nodes', file));
}
cpSync('nodes/locales', 'dist/nodes/locales', { recursive: true });
cpSync('icons', 'dist/nodes/icons', { recursive: true });
