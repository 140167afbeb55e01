// How the sources become dist/: few files, since Node needs longer to find and compile a hundred small ones than to run
// them. What only some programs use is in files of its own.
import { readFileSync } from 'node:fs';

const { dependencies, 'node-red': nodeRed } = JSON.parse(readFileSync('package.json', 'utf8'));

const ENTRIES = [
  ...Object.keys(nodeRed.nodes).map((type) => `nodes/${type}`),
  'lib/index',
  'lib/miio/index',
  'lib/miio/message',
  'lib/miio/ota/index',
  'lib/miio/packet',
  'lib/aliyun/index',
  'lib/aliyun/functions/remote-config/index',
  'lib/aliyun/ota/index',
  'lib/cli/main',
];

/** Started as a program by the code in a chunk, and looked for beside that. */
const PROGRAMS = { 'chunks/database-process': './lib/miio/tokens/database-process.ts' };

export default {
  input: { ...Object.fromEntries(ENTRIES.map((entry) => [entry, `./${entry}.ts`])), ...PROGRAMS },
  platform: 'node',
  external: [/^node:/, ...Object.keys(dependencies).map((name) => new RegExp(`^${name}(/|$)`))],
  // Imported to be loaded, by lib/miio/socket; of the modules of Node, only those that are used would be kept.
  treeshake: { moduleSideEffects: [{ test: /^node:cluster$/, sideEffects: true }] },
  output: {
    dir: 'dist',
    format: 'cjs',
    // They are read in the declarations; here they would only be skipped at each start.
    comments: false,
    exports: 'named',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: {
      groups: [
        { name: 'shared', test: /\/lib\/((?!index)[^/]+|locales\/[^/]+)$/, priority: 2 },
        {
          name: 'aliyun',
          test: /\/lib\/aliyun\/(?!ota\/|functions\/remote-config\/|registration\/(https|mqtt|register))/,
        },
        { name: 'miio', test: /\/lib\/miio\/(?!ota\/|tokens\/|discovery|mdns|targets)/ },
      ],
    },
  },
};
