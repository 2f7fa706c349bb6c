// A Chromium binary into snapshots of a page and DevTools' answers about them.
//
//   node page.mjs CHROMIUM_BINARY OUT_DIR
//
// before     page.html with its detached trees
// after      the same page later: trees came, went, and one went back into the document
// tracked    later still, with the stack of every allocation
// internals  V8's internals exposed
//
// The browser is spoken to over a pipe: no port is opened, and it ends when we do.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { answer } from './answers.mjs';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-dev-shm-usage', '--remote-debugging-pipe',
];
// A browser that takes longer than this does not answer any more.
const LIMIT_MS = 120_000;

const [binary, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node page.mjs CHROMIUM_BINARY OUT_DIR');
  process.exit(2);
}
const out = resolve(folder);
mkdirSync(out, { recursive: true });
await withBrowser(snapshots);
const count = await answer(out, { pairs: { after: 'before', tracked: 'after' } });
console.log(`${count} snapshots of ${binary} with their answers in ${out}`);

async function snapshots(browser) {
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const attach = { targetId, flatten: true };
  const { sessionId } = await browser.send('Target.attachToTarget', attach);
  const page = {
    send: (method, params) => browser.send(method, params, sessionId),
    on: (method, listener) => browser.on(method, listener, sessionId),
  };
  await page.send('Page.enable');
  const loaded = new Promise((done) => page.on('Page.loadEventFired', done));
  await page.send('Page.navigate', { url: new URL('page.html', import.meta.url).href });
  await loaded;
  await evaluate(page, 'fill()');
  // Now the debugger holds an object of the page too.
  await evaluate(page, 'heap.held');
  await page.send('HeapProfiler.enable');
  await page.send('HeapProfiler.collectGarbage');
  await take(page, 'before');
  await evaluate(page, 'change()');
  await take(page, 'after');
  await page.send('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true });
  await evaluate(page, 'detachTrees()');
  // The number of allocating functions comes before the functions: the second time it is right.
  await take(page, 'tracked');
  await take(page, 'tracked');
  await take(page, 'internals', { exposeInternals: true });
}

async function evaluate(page, expression) {
  const { exceptionDetails } = await page.send('Runtime.evaluate', { expression, awaitPromise: true });
  if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
}

async function take(page, name, params) {
  const file = openSync(join(out, `${name}.heapsnapshot`), 'w');
  const off = page.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => writeSync(file, chunk));
  await page.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false, ...params });
  off();
  closeSync(file);
}

async function withBrowser(work) {
  const profile = mkdtempSync(join(tmpdir(), 'page-profile-'));
  const child = spawn(binary, [...FLAGS, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => { said = (said + data).slice(-4000); });
  const gone = new Promise((done) => {
    child.once('error', done);
    child.once('close', (code, signal) => done(new Error(`the browser ended with ${code ?? signal}: ${said}`)));
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  try {
    const browser = connect(child.stdio[3], child.stdio[4]);
    const failed = gone.then((error) => { throw error; });
    await Promise.race([work(browser), failed]);
    browser.send('Browser.close').catch(() => {});
    await gone;
  } finally {
    clearTimeout(limit);
    child.kill('SIGKILL');
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

// Messages are JSON, each with a NUL behind it.
function connect(input, output) {
  const answers = new Map();
  const listeners = new Set();
  let next = 1;
  const receive = ({ id, error, result, method, params, sessionId }) => {
    if (id === undefined) {
      for (const one of [...listeners]) {
        if (one.method === method && one.sessionId === sessionId) one.listener(params);
      }
      return;
    }
    const { done, fail } = answers.get(id);
    answers.delete(id);
    if (error) fail(new Error(error.message));
    else done(result);
  };
  let parts = [];
  output.on('data', (data) => {
    for (let end; (end = data.indexOf(0)) >= 0; data = data.subarray(end + 1)) {
      receive(JSON.parse(Buffer.concat([...parts, data.subarray(0, end)])));
      parts = [];
    }
    parts.push(data);
  });
  input.on('error', () => {});
  return {
    send: (method, params = {}, sessionId) => new Promise((done, fail) => {
      answers.set(next, { done, fail });
      input.write(`${JSON.stringify({ id: next++, method, params, sessionId })}\0`);
    }),
    on: (method, listener, sessionId) => {
      const one = { method, listener, sessionId };
      listeners.add(one);
      return () => listeners.delete(one);
    },
  };
}
