'use strict';

const net = require('node:net');
const { once } = require('node:events');

const server = net.createServer();
server.on('connection', (socket) => {
  const peer = track({ pings: 0 });
  const timer = setInterval(() => {
    peer.pings += 1;
  }, 1_000);
  timer.unref();
  socket.end(`pings: ${peer.pings}`);
});

const listening = once(server.listen(0, '127.0.0.1'), 'listening');

exports.unit = async (number) => {
  await listening;
  const client = net.connect(server.address().port, '127.0.0.1');
  let answer = '';
  for await (const chunk of client) answer += chunk;
  say(`${number} ${answer}`);
};
