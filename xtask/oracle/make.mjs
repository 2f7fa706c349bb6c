// A Node binary into snapshots and DevTools' answers about them.
//
//   node make.mjs NODE_BINARY OUT_DIR
//
// subject.cjs runs under the given binary and takes the snapshots; the oracle runs under this
// Node, version 20 or newer. answers.mjs says which files there are then.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer } from './answers.mjs';

const [binary, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node make.mjs NODE_BINARY OUT_DIR');
  process.exit(2);
}
const out = resolve(folder);
mkdirSync(out, { recursive: true });
const subject = fileURLToPath(new URL('subject.cjs', import.meta.url));
execFileSync(binary, ['--expose-gc', subject, out], { stdio: ['ignore', 'inherit', 'inherit'] });
const pairs = { after: 'before', tracked: 'after' };
const count = await answer(out, { pairs, wide: ['wide'] });
console.log(`${count} snapshots of ${binary} with their answers in ${out}`);
