// A heap snapshot into DevTools' answers about it.
//
//   node oracle.mjs SNAPSHOT [--nodes TSV] [--facts TSV] [--classes JSON] [--totals JSON]
//                            [--base SNAPSHOT --diff JSON]
//
// --nodes    a row per node: id, self size, retained size, distance, immediate dominator, class
// --facts    a row per node: type, name, edges, retainers, script:line:column, class key
// --classes  the class table
// --totals   nodes, total size, retained size of the root
// --diff     the comparison view from the base to the snapshot
//
// Sizes are bytes, the dominator is an ordinal, names are JSON strings. Halves of surrogate pairs,
// which no UTF-8 file can hold, are written as U+FFFD.
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, MessageChannel, Worker, workerData } from 'node:worker_threads';
import { HeapSnapshot as worker, HeapSnapshotLoader as loading } from 'devtools-heap-worker';
import { HeapSnapshotModel as model } from 'devtools-heap-model';

// DevTools reports problems of a snapshot on the console; stdout and stderr are ours.
console.info = console.warn = () => {};

// Node 20 lacks it, and DevTools counts on it.
(Promise as any).withResolvers ??= () => {
  const parts: any = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

async function main() {
  const text = { type: 'string' } as const;
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { nodes: text, facts: text, classes: text, totals: text, base: text, diff: text },
  });
  const snapshot = await load(positionals[0]);
  // Before the comparison, which regroups the classes.
  const classes = snapshot.aggregatesWithFilter(new model.NodeFilter());
  if (values.nodes) writeRows(values.nodes, snapshot, NODES);
  if (values.facts) writeRows(values.facts, snapshot, FACTS);
  if (values.classes) writeJson(values.classes, classRows(classes));
  if (values.totals) {
    const { nodeCount: nodes, totalSize: total } = snapshot;
    writeJson(values.totals, { nodes, total, root_retained: snapshot.rootNode().retainedSize() });
  }
  if (values.base && values.diff) {
    const base = await load(values.base);
    const before = base.aggregatesForDiff(snapshot.interfaceDefinitions());
    writeJson(values.diff, diffRows(snapshot.calculateSnapshotDiff('base', before)));
  }
}

// DevTools spreads the work over two threads; the second one runs this file again.
async function load(file: string): Promise<any> {
  const loader: any = new loading.HeapSnapshotLoader({ sendEvent() {} } as any);
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.alloc(8 << 20);
  const input = openSync(file, 'r');
  for (let length; (length = readSync(input, chunk)) > 0; ) {
    loader.write(decoder.write(chunk.subarray(0, length)));
    await new Promise(setImmediate);
  }
  closeSync(input);
  loader.close();
  await loader.parsingComplete;
  const { port1, port2 } = new MessageChannel();
  const options = { workerData: port2, transferList: [port2] };
  const second = new Worker(fileURLToPath(import.meta.url), options);
  try {
    return await loader.buildSnapshot(port1);
  } finally {
    port1.close();
    await second.terminate();
  }
}

type Columns = Record<string, (node: any, snapshot: any) => string | number>;

const NODES: Columns = {
  id: (node) => node.id(),
  self: (node) => node.selfSize(),
  retained: (node) => node.retainedSize(),
  distance: (node) => node.distance(),
  idom: (node, snapshot) => snapshot.dominatorsTree[node.ordinal()],
  class: (node) => quoted(node.className()),
};

const FACTS: Columns = {
  type: (node) => node.type(),
  name: (node) => quoted(node.rawName()),
  edges: (node) => node.edgesCount(),
  retainers: (node) => node.retainersCount(),
  location: (node, snapshot) => {
    const place = snapshot.getLocation(node.itemIndex());
    return place ? `${place.scriptId}:${place.lineNumber}:${place.columnNumber}` : '';
  },
  key: (node, snapshot) => {
    // DevTools' own form of it is private, and public only by an id, which several nodes may have.
    const key = node.classKeyInternal();
    return quoted(typeof key === 'number' ? ',' + snapshot.strings[key] : key);
  },
};

function writeRows(file: string, snapshot: any, columns: Columns) {
  const output = openSync(file, 'w');
  let rows = Object.keys(columns).join('\t') + '\n';
  const cells = Object.values(columns);
  const node = snapshot.createNode(0);
  for (let ordinal = 0; ordinal < snapshot.nodeCount; ordinal++) {
    node.nodeIndex = ordinal * snapshot.nodeFieldCount;
    rows += cells.map((cell) => cell(node, snapshot)).join('\t') + '\n';
    if (rows.length > 1 << 20) {
      writeSync(output, rows);
      rows = '';
    }
  }
  writeSync(output, rows);
  closeSync(output);
}

function classRows(classes: Record<string, any>) {
  return Object.entries(classes).map(([key, row]) => ({
    key: whole(key),
    name: whole(row.name),
    count: row.count,
    self: row.self,
    retained: row.maxRet,
    distance: row.distance,
  }));
}

function diffRows(classes: Record<string, any>) {
  return Object.entries(classes).map(([key, row]) => ({
    key: whole(key),
    name: whole(row.name),
    added: row.addedCount,
    removed: row.removedCount,
    delta: row.countDelta,
    added_size: row.addedSize,
    removed_size: row.removedSize,
    size_delta: row.sizeDelta,
  }));
}

function writeJson(file: string, value: unknown) {
  writeFileSync(file, JSON.stringify(value, null, 1) + '\n');
}

function quoted(text: string): string {
  return JSON.stringify(whole(text));
}

function whole(text: string): string {
  return (text as any).toWellFormed();
}

if (isMainThread) await main();
else new worker.SecondaryInitManager(workerData);
