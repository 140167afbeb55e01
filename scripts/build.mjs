// Builds dist/: lib and nodes in a few files (rolldown.config.mjs), their declarations, and beside each node its html,
// the icons and the catalogues, where Node-RED's loader looks for them.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

rmSync('dist', { recursive: true, force: true });
const { default: config } = await import('../rolldown.config.mjs');
await build(config);
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const file of readdirSync('nodes').filter((name) => name.endsWith('.html'))) {
  cpSync(join('nodes', file), join('dist/nodes', file));
}
cpSync('nodes/locales', 'dist/nodes/locales', { recursive: true });
for (const file of readdirSync('lib/locales')) addReasons(file);
cpSync('icons', 'dist/nodes/icons', { recursive: true });

/** The texts of the library's errors join a catalogue, so that Node-RED tells them in the user's language. */
function addReasons(file) {
  const catalogue = join('dist/nodes/locales', file.replace('.json', ''), 'miio-device.json');
  const reasons = JSON.parse(readFileSync(join('lib/locales', file), 'utf8'));
  const texts = JSON.parse(readFileSync(catalogue, 'utf8'));
  writeFileSync(catalogue, `${JSON.stringify({ ...texts, reasons }, null, 2)}\n`);
}
