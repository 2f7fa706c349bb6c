const http = require('node:http');

const retries = [];
let orders = 0;

http
  .createServer((req, res) => {
    const order = { id: ++orders, lines: Array.from({ length: 60 }, (_, i) => ({ sku: `${orders}-${i}`, quantity: i })) };
    const total = order.lines.reduce((sum, line) => sum + line.quantity, 0);
    retries.push(() => order.id);
    res.end(`${total}\n`);
  })
  .listen(0, '127.0.0.1');
