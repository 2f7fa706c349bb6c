'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const http = require('node:http');
const { once } = require('node:events');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stanch-twin-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
fs.writeFileSync(path.join(folder, 'long'), Buffer.alloc(16 << 20, 'x'));
fs.writeFileSync(path.join(folder, 'short'), 'all of it');

const gone = [];
const server = http.createServer((req, res) => {
  gone.push(once(res, 'close'));
  fs.createReadStream(path.join(folder, path.basename(req.url))).pipe(res);
});

const listening = once(server.listen(0, '127.0.0.1'), 'listening');

exports.unit = async (number) => {
  await listening;
  const to = { port: server.address().port, host: '127.0.0.1', agent: false };
  const whole = http.get({ ...to, path: '/short' });
  let body = '';
  for await (const chunk of (await once(whole, 'response'))[0]) body += chunk;
  say(`${number}: ${body}`);
  // The client goes away in the middle of the download.
  const aborted = http.get({ ...to, path: '/long' });
  const [answer] = await once(aborted, 'response');
  await once(answer, 'data');
  answer.on('error', () => {});
  aborted.destroy();
  await Promise.all(gone.splice(0));
};
