'use strict';

const { EventEmitter } = require('node:events');

const feed = new EventEmitter();
feed.setMaxListeners(0);

function subscribe(res, client) {
  feed.on('price', (price) => client.seen.push(price));
  res.on('close', () => feed.off('price', (price) => client.seen.push(price)));
}

exports.unit = (number) => {
  const res = new EventEmitter();
  const client = track({ seen: [] });
  subscribe(res, client);
  feed.emit('price', number);
  say(`saw ${client.seen}`);
  res.emit('close');
};
