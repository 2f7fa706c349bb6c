// DevTools' heap worker from npm and oracle.ts into what plain Node can run:
//
// oracle.mjs       DevTools' code as it is
// oracle-wide.mjs  the same, its columns made wide enough for an object of 4 GiB and more, whose size
//                  DevTools itself shows modulo 2^32
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const frontEnd = here('node_modules/chrome-devtools-frontend/front_end/');

// Two modules of DevTools do not survive bundling for Node.
const plainNode = {
  name: 'plain-node',
  setup({ onResolve, onLoad }) {
    // The list of locales comes out of DevTools' own build. Numbers need no translation.
    onResolve({ filter: /\/locales\.js$/ }, () => ({ path: 'locales.js', namespace: 'made-up' }));
    onLoad({ filter: /./, namespace: 'made-up' }, () => ({
      contents: [
        "export const LOCALES = ['en-US'];",
        'export const BUNDLED_LOCALES = LOCALES;',
        "export const DEFAULT_LOCALE = 'en-US';",
        "export const REMOTE_FETCH_PATTERN = '';",
        "export const LOCAL_FETCH_PATTERN = '';",
      ].join('\n'),
    }));
    // This one chooses between browser and Node while loading; here there is no choice.
    onLoad({ filter: /[\\/]core[\\/]platform[\\/]HostRuntime\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const [types, choice] = text.split(/^export const HOST_RUNTIME\b/m);
      if (choice === undefined) throw new Error(`${path} no longer exports HOST_RUNTIME`);
      const node = `import { HostRuntime } from './node/node.js';\n`;
      const chosen = `export const HOST_RUNTIME = HostRuntime.HOST_RUNTIME;\n`;
      return { loader: 'ts', contents: node + types + chosen };
    });
  },
};

// Doubles hold the 48 bits that V8 writes a size with.
const wideColumns = {
  name: 'wide-columns',
  setup({ onLoad }) {
    const widen = (filter, narrow, wide) =>
      onLoad({ filter }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!text.includes(narrow)) throw new Error(`${path} no longer holds \`${narrow}\``);
        return { loader: 'ts', contents: text.replace(narrow, wide) };
      });
    widen(
      /[\\/]core[\\/]platform[\\/]TypedArrayUtilities\.ts$/,
      'BasicBigUint32ArrayImpl extends Uint32Array',
      'BasicBigUint32ArrayImpl extends Float64Array',
    );
    widen(
      /[\\/]heap_snapshot_worker[\\/]HeapSnapshot\.ts$/,
      'nodeSelfSizes = new Uint32Array(nodeCount)',
      'nodeSelfSizes = new Float64Array(nodeCount)',
    );
  },
};

const bundle = (outfile, plugins) => build({
  entryPoints: [here('oracle.ts')],
  outfile: here(outfile),
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
  alias: {
    'devtools-heap-worker': `${frontEnd}entrypoints/heap_snapshot_worker/heap_snapshot_worker.ts`,
    'devtools-heap-model': `${frontEnd}models/heap_snapshot/heap_snapshot.ts`,
  },
  plugins,
});
await bundle('oracle.mjs', [plainNode]);
await bundle('oracle-wide.mjs', [plainNode, wideColumns]);
