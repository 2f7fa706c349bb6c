// A target size into a heap snapshot of a TypeScript compiler that holds programs.
//
//   node24 --expose-gc --max-old-space-size=6000 typescript-heap.mjs MEGABYTES OUT
//
// It parses, binds and checks real sources with the pinned compiler: the compiler's own bundle as
// JavaScript, its library and API declarations, and Node's. Every program parses for itself, so
// that two programs share nothing but the texts. It stops where the file is expected to have the
// target size, and prints what came of it as one line of JSON.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { getHeapStatistics, writeHeapSnapshot } from 'node:v8';
import { fileURLToPath } from 'node:url';

// Bytes of file that V8 of Node 24 writes for a byte of live heap; measured: 1.25 for programs of
// declarations, 1.33 for programs of JavaScript.
const FILE_PER_HEAP = 1.28;
const MEGABYTE = 1_000_000;
// What a program comes to in the file when all of it is checked, measured.
const JAVASCRIPT_PROGRAM = 620 * MEGABYTE;
// And one that is only parsed.
const DECLARATIONS_PARSED = 115 * MEGABYTE;

const ts = createRequire(import.meta.url)('typescript');
const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, 'node_modules');
const sources = join(packages, 'typescript/lib');
const readText = memoized((file) => ts.sys.readFile(file));

const [megabytes, out] = process.argv.slice(2);
const target = Number(megabytes) * MEGABYTE;
if (!out || !(target > 0) || !globalThis.gc) {
  console.error('usage: node --expose-gc typescript-heap.mjs MEGABYTES OUT');
  process.exit(2);
}

const held = [];
for (const _ of work()) {
  if (expectedBytes() >= target) break;
}
const began = Date.now();
writeHeapSnapshot(out);
console.log(JSON.stringify({ file: out, ...factsOf(out), seconds: (Date.now() - began) / 1000 }));
// Only now may the programs go.
held.length = 0;

// Goes on for ever, in steps of a few megabytes but for a program's first.
function* work() {
  while (true) {
    globalThis.gc();
    const left = target - uncollectedBytes();
    if (left > 1.5 * JAVASCRIPT_PROGRAM) yield* checkedProgram('typescript.js');
    else if (left > DECLARATIONS_PARSED) yield* checkedProgram('typescript.d.ts');
    else yield* parsedFiles();
  }
}

function* checkedProgram(root) {
  const options = {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    typeRoots: [join(packages, '@types')],
    types: ['node'],
  };
  const host = { ...ts.createCompilerHost(options), readFile: readText };
  host.getSourceFile = (file, how) => {
    const text = readText(file);
    return text === undefined ? undefined : ts.createSourceFile(file, text, how);
  };
  const program = ts.createProgram([join(sources, root)], options, host);
  held.push(program);
  yield;
  for (const file of program.getSourceFiles()) {
    program.getSemanticDiagnostics(file);
    yield;
  }
}

function* parsedFiles() {
  const declarations = ts.sys.readDirectory(sources, ['.d.ts'], undefined, undefined, 1);
  for (const file of declarations.sort()) {
    held.push(ts.createSourceFile(file, readText(file), ts.ScriptTarget.ESNext, true));
    yield;
  }
}

function expectedBytes() {
  // What waits to be collected counts as well: collect only when it could be enough.
  if (uncollectedBytes() >= target) globalThis.gc();
  return uncollectedBytes();
}

function uncollectedBytes() {
  return getHeapStatistics().used_heap_size * FILE_PER_HEAP;
}

function factsOf(file) {
  const head = Buffer.alloc(1 << 13);
  const input = openSync(file, 'r');
  const text = head.toString('latin1', 0, readSync(input, head));
  closeSync(input);
  const count = (name) => Number(new RegExp(`"${name}":(\\d+)`).exec(text)?.[1]);
  return {
    bytes: statSync(file).size,
    nodes: count('node_count'),
    edges: count('edge_count'),
    node: process.version,
    typescript: ts.version,
  };
}

function memoized(read) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, read(key));
    return known.get(key);
  };
}
