// Nothing but a seed into snapshots that no program writes, and DevTools' answers about them.
//
//   node random.mjs OUT_DIR
//
// Each holds thousands of small heaps side by side, of random kinds, names and edges: cliques,
// orphans, parallel edges, loops, halves of WeakMap entries, helpers with several owners.
//
// internals  nothing but synthetic nodes under the root
// before     global objects and document trees under the root
// after      the same by another seed; every second node has an id of the other one
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { answer } from './answers.mjs';

const HEAPS = 3000;
const LARGEST_HEAP = 14;

const NODE_TYPES = [
  'hidden', 'array', 'string', 'object', 'code', 'closure', 'regexp', 'number', 'native', 'synthetic',
  'concatenated string', 'sliced string', 'symbol', 'bigint', 'object shape', 'wasm object', 'gizmo',
];
const EDGE_TYPES = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak', 'loop'];
const INDEXED = new Set(['element', 'hidden']);
const FREQUENT_TYPES = ['object', 'object', 'object', 'array', 'hidden', 'native', 'closure', 'synthetic'];
const FREQUENT_EDGES = ['property', 'property', 'internal', 'internal', 'element', 'weak', 'hidden'];
const NODE_NAMES = [
  'Object', 'Object', 'A', 'B', 'List', '', '(map descriptors)', 'system / NativeContext',
  'system / ExternalStringData', '(Document DOM trees)', '<div id="x y">', '<p>', 'Detached <p a>',
  'Function', '(array)', '{a, b}', '\ud800', '\u{1f600}', '__proto__', 'system / Context',
];
const PROPERTIES = ['a', 'b', 'c', '__proto__', 'a,b', '\udc00', '日', 'x'.repeat(118), '', 'd'];
const INTERNALS = ['map', '1', '4', '7x', ' 10', '-2', 'sloppy_function_map', 'elements'];
const PAIR_TEXTS = ['K', 'K @3) -> value (V', 'two\nlines', 'r\rr', 'u\u2028u', '', 'é'];

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node random.mjs OUT_DIR');
  process.exit(2);
}
const out = resolve(folder);
mkdirSync(out, { recursive: true });
const write = (name, heap) => writeFileSync(join(out, `${name}.heapsnapshot`), text(heap));
const isSynthetic = ({ type }) => type === 'synthetic';
const isSystems = (node) => isSynthetic(node) && node.name !== '(Document DOM trees)';
const isAnyones = (node) => isSynthetic(node) || node.type === 'object' || node.type === 'hidden';
write('internals', draw({ seed: 1, hub: 'synthetic', mayHangOnRoot: isSystems, rootEdges: ['element'] }));
const rootEdges = ['shortcut', 'element', 'element', 'weak', 'internal'];
write('before', draw({ seed: 2, hub: 'object', mayHangOnRoot: isAnyones, rootEdges }));
write('after', draw({ seed: 3, hub: 'object', mayHangOnRoot: isAnyones, rootEdges }));
const count = await answer(out, { pairs: { after: 'before' } });
console.log(`${count} random snapshots with their answers in ${out}`);

// A generator of 32 bits with the state in one number.
function choices(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit) => next() % limit;
  return { below, of: (list) => list[below(list.length)], chance: (share) => next() / 2 ** 32 < share };
}

function draw({ seed, hub, mayHangOnRoot, rootEdges }) {
  const { below, of, chance } = choices(seed);
  const nodes = [{ type: 'synthetic', name: '', id: 1, size: 0, state: 0, edges: [] }];
  // What most of the small heaps hang on.
  nodes.push({ type: hub, name: 'hub', id: 3, size: 8, state: 0, edges: [] });
  connectRoot(1);
  for (let heap = 0; heap < HEAPS; heap++) {
    const first = nodes.length;
    const length = 1 + below(LARGEST_HEAP);
    for (let at = 0; at < length; at++) {
      const type = chance(0.8) ? of(FREQUENT_TYPES) : of(NODE_TYPES);
      // Of two draws half the nodes have an id that the other has too.
      const id = 4 * (heap * LARGEST_HEAP + at) + 2 * below(2) + 5;
      nodes.push({ type, name: of(NODE_NAMES), id, size: below(3) * below(100), state: below(3), edges: [] });
      if (at > 0 && chance(0.8)) connect(nodes[first + below(at)], first + at);
    }
    const within = () => first + below(length);
    for (let more = below(2 * length); more > 0; more--) connect(nodes[within()], within());
    if (chance(0.4)) connect(nodes[1], first);
    else if (chance(0.5)) connect(nodes[1 + below(first - 1)], first);
    if (chance(0.05)) connect(nodes[within()], 1 + below(first - 1));
    for (let tries = below(2); tries > 0; tries--) {
      const child = within();
      if (mayHangOnRoot(nodes[child])) connectRoot(child);
    }
  }
  const places = nodes.flatMap(({ type }, at) =>
    type === 'object' && chance(0.2) ? [[at, 5, below(3), below(2)]] : []);
  return { nodes, places };

  function connect(from, to) {
    const type = chance(0.9) ? of(FREQUENT_EDGES) : of(EDGE_TYPES);
    const name = INDEXED.has(type) ? below(9) : type === 'internal' ? internal(from, to) : of(PROPERTIES);
    from.edges.push({ type, name, to });
  }

  function internal(from, to) {
    if (chance(0.5)) return of(INTERNALS);
    const table = chance(0.5) ? from.id : nodes[below(nodes.length)].id;
    const [key, value] = [of(PAIR_TEXTS), of(PAIR_TEXTS)];
    return `${below(3)} / part of key (${key} @3) -> value (${value} @${to % 5}) pair in WeakMap (table @${table})`;
  }

  function connectRoot(to) {
    const type = of(rootEdges);
    nodes[0].edges.push({ type, name: type === 'element' ? nodes[0].edges.length + 1 : 'x', to });
  }
}

function text({ nodes, places }) {
  const strings = new Map();
  const number = (name) => {
    if (!strings.has(name)) strings.set(name, strings.size);
    return strings.get(name);
  };
  const rows = nodes.map(({ type, name, id, size, state, edges }) =>
    [NODE_TYPES.indexOf(type), number(name), id, size, edges.length, state]);
  const edges = nodes.flatMap((node) => node.edges.map(({ type, name, to }) =>
    [EDGE_TYPES.indexOf(type), INDEXED.has(type) ? name : number(name), to * 6]));
  const meta = {
    node_fields: ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness'],
    node_types: [NODE_TYPES, 'string', 'number', 'number', 'number', 'number'],
    edge_fields: ['type', 'name_or_index', 'to_node'],
    edge_types: [EDGE_TYPES, 'string_or_number', 'node'],
    location_fields: ['object_index', 'script_id', 'line', 'column'],
  };
  const head = { meta, node_count: nodes.length, edge_count: edges.length, trace_function_count: 0 };
  const list = (rows) => `[${rows.join('\n,')}]`;
  const located = places.map(([at, ...rest]) => [at * 6, ...rest]);
  const names = [...strings.keys()].map((name) => JSON.stringify(name));
  return `{"snapshot":${JSON.stringify(head)},\n"nodes":${list(rows)},\n"edges":${list(edges)},\n` +
    `"locations":${list(located)},\n"strings":${list(names)}}\n`;
}
