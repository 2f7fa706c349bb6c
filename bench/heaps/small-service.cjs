// A target size into a heap snapshot of a small web service that has answered requests.
//
//   node24 --expose-gc small-service.cjs MEGABYTES OUT
//
// The service keeps a session per visitor, with a timer that would end it. Visitors come until the
// file is expected to have the target size; below 6 MB that is after the first one, since Node's
// own objects make up the rest. Prints what came of it as one line of JSON.
//
// CommonJS, because an `import` of node:http also loads Node's fetch, three megabytes more.
const { once } = require('node:events');
const { readFileSync, statSync } = require('node:fs');
const { createServer } = require('node:http');
const { connect } = require('node:net');
const { getHeapStatistics, writeHeapSnapshot } = require('node:v8');

const MEGABYTE = 1_000_000;
const HOUR = 3_600_000;
// Bytes of file that V8 of Node 24 writes for a byte of live heap; measured.
const FILE_PER_HEAP = 1.3;

const [megabytes, out] = process.argv.slice(2);
const target = Number(megabytes) * MEGABYTE;
if (!out || !(target > 0) || !globalThis.gc) {
  console.error('usage: node --expose-gc small-service.cjs MEGABYTES OUT');
  process.exit(2);
}

class Session {
  constructor(visitor, ended) {
    this.visitor = visitor;
    this.pages = [];
    this.since = new Date();
    this.timer = setTimeout(ended, HOUR).unref();
  }
}

const sessions = new Map();
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const visitor = searchParams.get('visitor');
  const session = sessions.get(visitor) ?? new Session(visitor, () => sessions.delete(visitor));
  sessions.set(visitor, session);
  session.pages.push({ pathname, agent: request.headers['user-agent'], at: Date.now() });
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ visitor, pages: session.pages.length }));
});
main();

async function main() {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  do {
    await visit(`visitor-${sessions.size}`);
    globalThis.gc();
  } while (getHeapStatistics().used_heap_size * FILE_PER_HEAP < target);

  const began = Date.now();
  writeHeapSnapshot(out);
  const seconds = (Date.now() - began) / 1000;
  const { node_count: nodes, edge_count: edges } = JSON.parse(readFileSync(out, 'utf8')).snapshot;
  const bytes = statSync(out).size;
  const facts = { file: out, bytes, nodes, edges, node: process.version, seconds };
  console.log(JSON.stringify(facts));
  server.close();
}

// Asks with a bare socket: an HTTP client would be half of the heap.
async function visit(visitor) {
  for (const page of ['/', '/search', '/basket']) {
    const socket = connect(server.address().port, '127.0.0.1');
    socket.end(`GET ${page}?visitor=${visitor} HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\n\r\n`);
    socket.resume();
    await once(socket, 'close');
  }
}
