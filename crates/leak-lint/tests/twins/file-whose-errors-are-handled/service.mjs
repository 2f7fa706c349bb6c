import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { once } from 'node:events';
import http from 'node:http';

const folder = mkdtempSync(join(tmpdir(), 'stanch-twin-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'long'), Buffer.alloc(16 << 20, 'x'));

const gone = [];
const server = http.createServer((req, res) => {
  gone.push(once(res, 'close'));
  const file = createReadStream(join(folder, basename(req.url)));
  file.on('error', () => {
    res.statusCode = 404;
    res.end('no such file');
  });
  file.pipe(res);
});

await once(server.listen(0, '127.0.0.1'), 'listening');

export async function unit(number) {
  const to = { port: server.address().port, host: '127.0.0.1', agent: false };
  const missing = http.get({ ...to, path: '/missing' });
  const [refused] = await once(missing, 'response');
  let body = '';
  for await (const chunk of refused) body += chunk;
  say(`${number}: ${refused.statusCode} ${body}`);
  const aborted = http.get({ ...to, path: '/long' });
  const [answer] = await once(aborted, 'response');
  await once(answer, 'data');
  answer.on('error', () => {});
  aborted.destroy();
  await Promise.all(gone.splice(0));
}
