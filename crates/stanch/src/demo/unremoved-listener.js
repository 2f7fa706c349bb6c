const http = require('node:http');
const { EventEmitter } = require('node:events');

const prices = new EventEmitter();
prices.setMaxListeners(0);
setInterval(() => prices.emit('tick', Math.random()), 200);

http
  .createServer((req, res) => {
    const seen = new Array(40).fill(req.url);
    prices.on('tick', (price) => seen.push(price));
    res.end('watching\n');
  })
  .listen(0, '127.0.0.1');
