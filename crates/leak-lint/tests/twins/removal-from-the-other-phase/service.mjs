const target = new EventTarget();

export function unit(number) {
  const view = track({ shown: '' });
  const show = (event) => { view.shown += event.type; };
  target.addEventListener('sync', show, true);
  target.dispatchEvent(new Event('sync'));
  say(`${number}: ${view.shown}`);
  target.removeEventListener('sync', show);
}
