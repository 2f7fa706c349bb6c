// A folder of snapshots into DevTools' answers about them.
//
// Beside each NAME.heapsnapshot come NAME.nodes.tsv, NAME.facts.tsv, NAME.classes.json and
// NAME.totals.json, and for a pair of one session BASE--NAME.diff.json.
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SUFFIX = '.heapsnapshot';
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// `pairs` gives the base of a snapshot by its name, `wide` holds the names of those with an object
// of 4 GiB or more. The result is the number of snapshots.
export async function answer(folder, { pairs = {}, wide = [] } = {}) {
  await import('./build.mjs');
  const files = (await readdir(folder)).filter((file) => file.endsWith(SUFFIX)).sort();
  const names = files.map((file) => file.slice(0, -SUFFIX.length));
  const waiting = [...names];
  const work = async () => {
    for (let name; (name = waiting.shift()) !== undefined; ) {
      await answerOne(folder, name, pairs[name], wide.includes(name));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return names.length;
}

async function answerOne(folder, name, base, isWide) {
  const beside = (suffix) => join(folder, name + suffix);
  const pair = base
    ? ['--base', join(folder, base + SUFFIX), '--diff', join(folder, `${base}--${name}.diff.json`)]
    : [];
  await promisify(execFile)(process.execPath, [
    here(isWide ? 'oracle-wide.mjs' : 'oracle.mjs'),
    beside(SUFFIX),
    ...['--nodes', beside('.nodes.tsv'), '--facts', beside('.facts.tsv')],
    ...['--classes', beside('.classes.json'), '--totals', beside('.totals.json')],
    ...pair,
  ]);
}
