const http = require('node:http');
const profiles = new Map();
let visitors = 0;

function loadProfile(id) {
  if (!profiles.has(id)) {
    profiles.set(id, { id, name: `visitor ${id}`, bio: 'likes long walks '.repeat(20), tags: ['new', String(id)] });
  }
  return profiles.get(id);
}

http
  .createServer((req, res) => {
    const profile = loadProfile(++visitors);
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ hello: profile.name }));
  })
  .listen(0, '127.0.0.1');
