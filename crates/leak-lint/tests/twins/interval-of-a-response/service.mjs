import http from 'node:http'
import { once } from 'node:events'

const server = http.createServer((req, res) => {
  const state = track({ beats: 0, url: req.url })
  setInterval(() => { state.beats++ }, 1000).unref()
  res.end(`started ${state.url} with ${state.beats}`)
})

await once(server.listen(0, '127.0.0.1'), 'listening')

export async function unit(number) {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/${number}`)
  say(await answer.text())
}
