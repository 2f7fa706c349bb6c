'use strict';

const http = require('node:http');
const { once } = require('node:events');

const server = http.createServer((req, res) => {
  const job = track({ url: req.url, cancelled: false });
  req.socket.setMaxListeners(0);
  req.socket.on('close', () => {
    job.cancelled = true;
  });
  res.end(`report of ${job.url}`);
});

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const listening = once(server.listen(0, '127.0.0.1'), 'listening');

exports.unit = async (number) => {
  await listening;
  const { port } = server.address();
  const request = http.get({ port, host: '127.0.0.1', path: `/${number}`, agent });
  const [answer] = await once(request, 'response');
  let body = '';
  for await (const chunk of answer) body += chunk;
  say(body);
};
