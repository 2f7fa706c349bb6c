// A heap full of shapes that are easy to get wrong, written as snapshots in every way V8 offers.
//
//   node --expose-gc subject.cjs OUT_DIR
//
// written    v8.writeHeapSnapshot
// internals  over the inspector, V8's internals exposed
// numeric    over the inspector, numbers included
// before     over the inspector, in one session with the next two
// after      the same heap later: objects came, went and grew
// tracked    later still, with the stack of every allocation
// wide       v8.writeHeapSnapshot, with a buffer of more than 4 GiB, of which no page is touched
'use strict';
const { closeSync, openSync, writeSync } = require('node:fs');
const { Session } = require('node:inspector');
const net = require('node:net');
const { join } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

const out = process.argv[2];

// Reachable from the global object, so nothing below is collected unless it is meant to be.
const heap = (globalThis.heap = {});

function fill() {
  plainObjects();
  classesOfOneName();
  weakMaps();
  names();
  lists();
  captured();
  heap.buffers = Array.from({ length: 20 }, (_, i) => Buffer.alloc(1000 * i + 1, i));
  heap.typed = [new Float64Array(500), new Uint8Array(new SharedArrayBuffer(100))];
  heap.other = vm.createContext({ inner: { of: 'another context' } });
  vm.runInContext('Object.assign(globalThis, { made: [{ here: 1 }, { here: 2 }] })', heap.other);
  heap.promises = Array.from({ length: 5 }, () => new Promise(() => {}).then(() => heap));
  heap.timer = setTimeout(() => heap, 1e6);
  heap.symbols = { [Symbol('one')]: 1, [Symbol.for('two')]: { deep: [] } };
  heap.regexps = [/a+b/, new RegExp('c'.repeat(50))];
  heap.big = [2n ** 200n, -1n];
  heap.reference = new WeakRef(heap.big);
}

// Interfaces: order, quoting, the cut at 120 units, one with the most properties.
function plainObjects() {
  const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
  heap.plain = [
    times(300, (i) => ({ id: i, name: `n${i}` })),
    times(200, (i) => ({ name: `m${i}`, id: i })),
    times(150, (i) => ({ id: i, name: 'x', extra: { id: i } })),
    times(100, (i) => ({ 'a,b': { i }, "it's": [i], '{': {}, 'q"': {} })),
    times(80, () => Object.fromEntries(times(60, (i) => [`property_number_${i}`, {}]))),
    times(70, () => Object.fromEntries(times(9, (i) => [`p${'x'.repeat(12 + i)}`, { i }]))),
    times(60, () => ({ ['y'.repeat(150)]: {}, z: {} })),
    times(50, () => Object.assign(Object.create(null), { bare: {} })),
    times(40, () => ({ '': {}, a: {} })),
    times(30, () => ({ a: {} })),
    times(20, () => ({ ü: {}, '日本': {}, '\n': {} })),
    Object.fromEntries(times(2000, (i) => [`key${i}`, { i }])),
  ];
}

// The same constructor name from different places, and objects called like built-in things.
function classesOfOneName() {
  const One = class Same { a = {}; };
  const Two = class Same { b = [1]; };
  const named = (name) => ({ [name]: class {} })[name];
  const nameless = ['Function', '(system)', '(string)', '(array)', '{id, name}', '<div id=1>', '<p>'];
  heap.classes = [
    Array.from({ length: 10 }, () => new One()),
    Array.from({ length: 10 }, () => new Two()),
    nameless.map((name) => new (named(name))()),
    Object.create(Function.prototype),
    Object.create(RegExp.prototype),
    [new (class Detached {})(), new (class extends Map {})([[1, {}]])],
  ];
}

function weakMaps() {
  heap.keys = Array.from({ length: 50 }, (_, i) => ({ key: i }));
  heap.weak = [new WeakMap(), new WeakMap(), new WeakSet(heap.keys)];
  const texts = ['one line', 'two\nlines', 'carriage\rreturn', 'line\u2028separator', 'q\u2029', ') -> value ('];
  heap.keys.forEach((key, i) => {
    const text = `${texts[(i >> 1) % texts.length]} ${i}`;
    heap.weak[0].set(key, i % 2 ? { value: i, big: new Array(100).fill(i) } : text);
    heap.weak[1].set(key, { also: i, keys: heap.keys });
  });
  // A value that only the map's own key leads to, and maps that hold each other's keys.
  const hidden = {};
  heap.weak[0].set(heap.keys[0], { next: hidden });
  heap.weak[1].set(hidden, { next: heap.keys[1], text: 'a\nb' });
  heap.registry = new FinalizationRegistry(() => {});
  heap.registry.register(heap.keys[0], 'held');
}

function names() {
  heap.names = [
    '\ud800', 'x\udc00y', '\ud83d\ude00', '\u{1d834}', '\u{1d800}\u{1dc00}', '\u{2f600}', 'a\0b',
    'é', '€', '\u2028', '"\\/\b\f\n\r\t\u0001\u007f',
    'l'.repeat(1023), 'l'.repeat(1024), 'l'.repeat(1025), 'l'.repeat(5000), 'é'.repeat(1030),
  ];
  heap.named = Object.fromEntries(heap.names.map((name) => [name, { name }]));
  heap.long = { ['k'.repeat(4095)]: {}, ['k'.repeat(4097)]: {}, ['é'.repeat(3000)]: {} };
  const astral = ['\u{1d834}', '\u{1d835}', '\u{1f600}', '\uf600'];
  heap.astral = astral.map((name) => ({ [name]: class {} })[name]).map((type) => new type());
  heap.astralPlain = astral.flatMap((name) => Array.from({ length: 40 }, () => ({ [name]: {} })));
  const random = () => Math.random().toString(36);
  heap.cons = Array.from({ length: 20 }, () => random() + random() + random());
  // Long enough for Node to keep it outside of V8's heap.
  heap.external = Buffer.alloc(1_200_000, 'external ').toString('latin1');
  heap.sliced = 'slice '.repeat(100).slice(7, 90);
}

// Doubly linked and long: quadratic for iterative dominator algorithms, deep for recursive ones.
function lists() {
  const members = [];
  let last = (heap.list = { previous: null, next: null, load: {} });
  for (let i = 0; i < 3000; i++) {
    const next = { previous: last, next: null, load: { i } };
    members.push(next.load);
    last = last.next = next;
  }
  heap.members = members;
  heap.ring = [{}, {}, {}];
  heap.ring.forEach((part, i) => { part.next = heap.ring[(i + 1) % 3]; part.self = part; });
}

function captured() {
  const make = (i) => {
    const big = new Array(200).fill(i);
    const small = { i };
    return { uses: () => small, sibling: () => big, evaluates: (code) => eval(code) };
  };
  heap.closures = Array.from({ length: 30 }, (_, i) => make(i));
  heap.map = new Map(heap.closures.map((closures, i) => [closures, { entry: i }]));
  heap.set = new Set(heap.closures);
  heap.generator = (function* () { yield heap; })();
  heap.bound = fill.bind(heap, {});
}

function change() {
  heap.plain[0].splice(0, 100);
  heap.plain[1].push(...Array.from({ length: 400 }, (_, i) => ({ name: 'new', id: i })));
  heap.plain.push(Array.from({ length: 90 }, (_, i) => ({ fresh: i, only: {} })));
  heap.plain[9] = null;
  heap.classes[1] = null;
  heap.later = Array.from({ length: 10 }, () => new (class Later { field = {}; })());
  heap.buffers.push(Buffer.alloc(50_000));
  for (let i = 0; i < 500; i++) heap.map.set({ i }, [i]);
  // A class that goes, of objects that the later interfaces would group in another way.
  heap.plain[7].length = 0;
}

// Newer versions answer later, in order: all chunks come before the answer.
function post(session, method, params) {
  return new Promise((resolve, reject) => {
    session.post(method, params, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

async function take(session, name, params) {
  const file = openSync(join(out, `${name}.heapsnapshot`), 'w');
  const write = ({ params: { chunk } }) => writeSync(file, chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', write);
  await post(session, 'HeapProfiler.takeHeapSnapshot', { reportProgress: false, ...params });
  session.off('HeapProfiler.addHeapSnapshotChunk', write);
  closeSync(file);
}

fill();
// A handle whose JavaScript side may be gone tells the snapshot so.
const server = net.createServer().listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1', async () => {
    heap.sockets = [client, server];
    await snapshots();
    process.exit();
  });
});

async function snapshots() {
  globalThis.gc();
  v8.writeHeapSnapshot(join(out, 'written.heapsnapshot'));
  const session = new Session();
  session.connect();
  await post(session, 'HeapProfiler.enable');
  // Version 18 knows only the older name of it.
  await take(session, 'internals', { exposeInternals: true, treatGlobalObjectsAsRoots: false });
  await take(session, 'numeric', { captureNumericValue: true });
  await take(session, 'before');
  change();
  await take(session, 'after');
  await post(session, 'HeapProfiler.startTrackingHeapObjects', { trackAllocations: true });
  heap.tracked = Array.from({ length: 200 }, (_, i) => ({ tracked: i, stack: [{}] }));
  // V8 announces the number of allocating functions first, and writing the chunks allocates too:
  // only the second time are its functions known from the start.
  await take(session, 'tracked');
  await take(session, 'tracked');
  session.disconnect();
  if (holdMoreThan4GiB()) v8.writeHeapSnapshot(join(out, 'wide.heapsnapshot'));
}

function holdMoreThan4GiB() {
  try {
    const buffer = new ArrayBuffer(5 * 2 ** 30 + 123);
    // Older versions refuse a typed array of as many elements.
    heap.wide = [new Uint8Array(buffer, 2 ** 32, 99), new DataView(buffer, 2 ** 32 + 1)];
    return true;
  } catch (error) {
    // The kernel may refuse to promise that much.
    if (process.env.CI === 'true') throw error;
    console.log(`no snapshot with a buffer of more than 4 GiB: ${error.message}`);
    return false;
  }
}
