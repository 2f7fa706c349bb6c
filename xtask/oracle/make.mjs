// A Node binary into snapshots and DevTools' answers about them.
//
//   node make.mjs NODE_BINARY OUT_DIR
//
// subject.cjs runs under the given binary and takes the snapshots; the oracle runs under this
// Node, version 20 or newer, and writes beside each NAME.heapsnapshot its NAME.nodes.tsv,
// NAME.facts.tsv, NAME.classes.json and NAME.totals.json, and for a pair of one session
// BASE--NAME.diff.json.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PAIRS = { after: 'before', tracked: 'after' };

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [binary, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node make.mjs NODE_BINARY OUT_DIR');
  process.exit(2);
}
const out = resolve(folder);
mkdirSync(out, { recursive: true });
const run = (program, ...args) =>
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });

await import('./build.mjs');
run(binary, '--expose-gc', here('subject.cjs'), out);

const SUFFIX = '.heapsnapshot';
const names = readdirSync(out).filter((file) => file.endsWith(SUFFIX));
for (const name of names.map((file) => file.slice(0, -SUFFIX.length)).sort()) {
  const beside = (suffix) => join(out, name + suffix);
  const base = PAIRS[name];
  const pair = base
    ? ['--base', join(out, base + SUFFIX), '--diff', join(out, `${base}--${name}.diff.json`)]
    : [];
  run(
    process.execPath,
    here('oracle.mjs'),
    beside(SUFFIX),
    ...['--nodes', beside('.nodes.tsv'), '--facts', beside('.facts.tsv')],
    ...['--classes', beside('.classes.json'), '--totals', beside('.totals.json')],
    ...pair,
  );
}
console.log(`${names.length} snapshots of ${binary} with their answers in ${out}`);
