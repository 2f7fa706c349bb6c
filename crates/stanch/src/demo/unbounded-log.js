const http = require('node:http');

const history = [];

http
  .createServer((req, res) => {
    history.push({ at: Date.now(), method: req.method, url: req.url, headers: { ...req.headers } });
    res.end(`${history.length} requests so far\n`);
  })
  .listen(0, '127.0.0.1');
