/**
 * Compiles the benchmark into dist/bench, as deep below the root as its source, so that relative paths lead to the same
 * files from both.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

const SUITES = ['miio', 'aliyun', 'ota'];
const FOLDERS = ['.', ...SUITES.flatMap((suite) => [suite, `${suite}/clients`, `${suite}/cases`])];
export const COMPILED = join(__dirname, '../../dist/bench');

export function compile(): void {
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(__dirname, folder)).filter((file) => file.endsWith('.ts'))) {
      const target = join(COMPILED, folder, name.replace('.ts', '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, toJavaScript(join(__dirname, folder, name)));
    }
  }
}

function toJavaScript(file: string): string {
  const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022, esModuleInterop: true };
  return transpileModule(readFileSync(file, 'utf8'), { compilerOptions, fileName: file }).outputText;
}
