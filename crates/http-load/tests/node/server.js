// HTTP requests → the behaviour that their path names; lines on stdin → one line each on stdout.
//   stats       connections, requests and requests left by the client so far
//   seen        the first requests, each as method, URL and body
//   close-idle  closes connections that wait for a request, once all requests are answered
'use strict';
const http = require('node:http');
const { createInterface } = require('node:readline');

let connections = 0;
let requests = 0;
let left = 0;
const seen = [];

const paths = {
  '/ok': (request, response) => response.end('ok'),
  '/broken': (request, response) => response.writeHead(500).end('no'),
  '/large': (request, response) => response.end(Buffer.alloc(1 << 20)),
  '/hang': () => {},
  '/late': (request, response) => setTimeout(() => response.end('late'), 20),
  '/events': (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write('data: tick\n\n'), 5);
    response.on('close', () => clearInterval(timer));
  },
  '/torn': (request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half');
    setTimeout(() => request.socket.destroy(), 5);
  },
  '/last': (request, response) => response.writeHead(200, { connection: 'close' }).end('last'),
  // Closes each connection on its second request, as if the two had crossed.
  '/crossing': (request, response) => {
    request.socket.served = (request.socket.served ?? 0) + 1;
    if (request.socket.served > 1) request.socket.destroy();
    else response.end('once');
  },
};

const server = http.createServer((request, response) => {
  requests += 1;
  response.on('close', () => {
    if (!response.writableFinished) left += 1;
  });
  const serve = paths[request.url.split('?')[0]] ?? ((_, missing) => missing.writeHead(404).end());
  if (seen.length >= 50) return serve(request, response);
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    seen.push(`${request.method} ${request.url} ${request.headers['x-test'] ?? '-'} ${body}`);
    serve(request, response);
  });
});
server.keepAliveTimeout = 60_000;
server.on('connection', () => (connections += 1));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'stats') console.log(`${connections} ${requests} ${left}`);
    if (line === 'seen') console.log(seen.join('|'));
    if (line === 'close-idle') {
      server.closeIdleConnections();
      setImmediate(() => console.log('closed'));
    }
  })
  .on('close', () => process.exit());
