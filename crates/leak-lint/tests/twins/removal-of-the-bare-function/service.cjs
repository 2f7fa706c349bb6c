const { EventEmitter } = require('node:events')

const hub = new EventEmitter()
hub.setMaxListeners(0)

const counted = (inner) => (value) => inner(value, 1)

exports.unit = (number) => {
  const session = track({ sum: 0 })
  const add = (value) => { session.sum += value }
  hub.on('tick', counted(add))
  const leave = () => {
    hub.off('tick', add)
  }
  hub.emit('tick', number)
  say(`sum ${session.sum}`)
  leave()
}
