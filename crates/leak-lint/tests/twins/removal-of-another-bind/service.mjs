import { EventEmitter } from 'node:events';

const bus = new EventEmitter();
bus.setMaxListeners(0);

class Panel {
  constructor(name) {
    this.name = name;
    this.drawn = 0;
  }

  mount() {
    bus.on('resize', this.draw.bind(this));
  }

  unmount() {
    bus.removeListener('resize', this.draw.bind(this));
  }

  draw() {
    this.drawn++;
  }
}

export function unit(number) {
  const panel = track(new Panel(`panel ${number}`));
  panel.mount();
  bus.emit('resize');
  say(`${panel.name} was drawn ${panel.drawn} times`);
  panel.unmount();
}
