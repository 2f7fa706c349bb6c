const http = require('node:http');
const { PassThrough } = require('node:stream');

const feed = new PassThrough();
feed.setMaxListeners(0);
feed.resume();

http
  .createServer((req, res) => {
    const copy = new PassThrough();
    feed.pipe(copy);
    copy.write(`opened ${req.url}`);
    res.end('tapped\n');
  })
  .listen(0, '127.0.0.1');
