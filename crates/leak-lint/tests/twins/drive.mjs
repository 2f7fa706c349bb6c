// Runs a service's units of work and prints, as one line of JSON, what they said and what is still there after them:
// `node --expose-gc drive.mjs SERVICE`.
//
// The service says with `say(text)` what a user would see, and names with `track(object)` what belongs to one unit.

import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

/** Units of work: enough that a single one that the engine still holds makes no difference. */
const UNITS = 12;

const said = [];
const tracked = [];
globalThis.say = (text) => said.push(text);
globalThis.track = (object) => {
  tracked.push(new WeakRef(object));
  return object;
};

function descriptors() {
  try {
    return readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').length;
  } catch {
    return null;
  }
}

async function retained() {
  // A WeakRef keeps its object until the current job ends, and finalizers of Node's own need a turn of the loop.
  for (let round = 0; round < 4; round++) {
    await sleep(5);
    globalThis.gc();
  }
  return tracked.filter((reference) => reference.deref() !== undefined).length;
}

const service = await import(pathToFileURL(process.argv[2]));
const { unit } = service.default ?? service;
// What is opened once, such as the server's socket and that of its client, is open after the first two.
for (let number = 0; number < 2; number++) await unit(number);
await retained();
const open = descriptors();
for (let number = 2; number < UNITS; number++) await unit(number);
const objects = await retained();
const leaked = open === null ? null : descriptors() - open;
console.log(JSON.stringify({ said, tracked: tracked.length, objects, descriptors: leaked }));
process.exit(0);
