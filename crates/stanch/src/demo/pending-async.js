const http = require('node:http');

http
  .createServer((req, res) => {
    const session = { started: Date.now(), path: req.url, beats: new Array(50).fill(0) };
    setInterval(() => session.beats.push(Date.now()), 60_000);
    res.end('pulse started\n');
  })
  .listen(0, '127.0.0.1');
