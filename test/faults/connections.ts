/** Strangers who only hold connections: ones that send or read slowly, and thousands that do nothing. */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { askPastProxy, portOf } from '../support/past-proxy.js'
import type { StackProcess } from '../support/stack-process.js'
import { type Fault, seconds } from './fault.js'
import { now } from './readiness.js'
import { openFileLimit, whileWatched } from './watched.js'

/** Not `once` of Node, which rejects when there is an error before: to be reset is one way to be dropped. */
const eventOf = (socket: Socket, name: 'connect' | 'data' | 'close') =>
  new Promise<boolean>((resolve) => socket.once(name, () => resolve(name !== 'close')))

/** Connects from an address of its own: there are only so many ports to one. */
async function open(server: StackProcess, index: number): Promise<Socket> {
  const localAddress = `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`
  const socket = connect({ host: '127.0.0.1', port: portOf(server), localAddress })
  socket.on('error', () => undefined)
  await Promise.race([eventOf(socket, 'connect'), eventOf(socket, 'close')])
  return socket
}

const hostLine = ({ issuer }: StackProcess) => `Host: ${new URL(issuer).host}\r\n`

/** Sends a beginning and then a byte a second. Resolves to the seconds until the server ended it. */
async function trickle(server: StackProcess, index: number, beginning: string): Promise<number> {
  // They come within four seconds, not all at once.
  await sleep(index * 10)
  const socket = await open(server, index)
  const startedAt = now()
  socket.write(beginning)
  socket.resume()
  const timer = setInterval(() => socket.write('x'), 1_000)
  await Promise.race([eventOf(socket, 'close'), sleep(120_000, undefined, { ref: false })])
  clearInterval(timer)
  socket.destroy()
  return (now() - startedAt) / 1_000
}

/** True while the server's side of this connection is established; undefined where the system does not say. */
function isHeld(server: StackProcess, { localPort = 0 }: Socket): boolean | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  try {
    // Fields: number, local address, remote address, state (01: established).
    const connections = readFileSync('/proc/net/tcp', 'utf8').split('\n')
    const ends = new RegExp(`^ *\\d+: \\w+:${hex(portOf(server))} \\w+:${hex(localPort)} 01 `)
    return connections.some((line) => ends.test(line))
  } catch {
    return undefined
  }
}

/** Asks for far more than fits into any buffer and reads nothing. Resolves to the seconds until the server gave it up. */
async function unread(server: StackProcess, index: number): Promise<number> {
  const home = await askPastProxy(server, '/')
  const [, stylesheet] = /<link rel="stylesheet" href="([^"]+)"/.exec(home.text) ?? []
  if (stylesheet === undefined) throw new Error('the home page has no stylesheet')
  const socket = await open(server, index)
  const startedAt = now()
  socket.pause()
  const ask = `GET ${stylesheet} HTTP/1.1\r\n${hostLine(server)}\r\n`
  // Little by little: how fast a server answers a flood is not the question.
  for (let sent = 0; sent < 50; sent += 1) {
    socket.write(ask.repeat(20))
    await sleep(100)
  }
  while (isHeld(server, socket) === true && now() - startedAt < 60_000) await sleep(250)
  socket.destroy()
  return (now() - startedAt) / 1_000
}

export const slowStrangers: Fault = {
  id: 'F15',
  name: '400 connections whose heads and bodies come a byte a second, and some whose answers nobody reads, at one server',
  guarantee:
    'a slow sender is dropped ≤ 16 s, a reader 15 s after its last byte; honest p99 at most doubled, or ≤ 500 ms',
  strike: async (scene) => {
    const { world, demand } = scene
    const [server] = world.auth
    const head = `GET /jwks HTTP/1.1\r\n${hostLine(server)}X-Slow: `
    const body = `POST /token HTTP/1.1\r\n${hostLine(server)}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\na=`
    const { result, words } = await whileWatched(scene, { floorMs: 500, megabytes: 300 }, () =>
      Promise.all([
        Promise.all(Array.from({ length: 400 }, (_, index) => trickle(server, index, index % 2 === 0 ? head : body))),
        Promise.all(Array.from({ length: 3 }, (_, index) => unread(server, 400 + index))),
      ]),
    )
    const [lasted, unreadFor] = result
    const [longest, longestUnread] = [Math.max(...lasted), Math.max(...unreadFor)]
    demand(longest <= 16, `a slow connection was held for ${seconds(longest)}`)
    demand(longestUnread <= 25, `a connection whose answers nobody reads was held for ${seconds(longestUnread)}`)
    return [
      `${lasted.length} slow senders dropped, the last after ${seconds(longest)}`,
      `${unreadFor.length} that read nothing after ${seconds(longestUnread)}`,
      words,
    ]
  },
}

/** Asks once and keeps the connection, idle. Resolves to whether it was answered. */
async function idle(server: StackProcess, index: number, kept: Socket[]): Promise<boolean> {
  const socket = await open(server, index)
  kept.push(socket)
  if (socket.destroyed) return false
  socket.write(`GET /health/live HTTP/1.1\r\n${hostLine(server)}\r\n`)
  const isAnswered = await Promise.race([eventOf(socket, 'data'), eventOf(socket, 'close')])
  socket.resume()
  return isAnswered
}

const idleConnections = 5_000

export const idleFlood: Fault = {
  id: 'F16',
  name: `${idleConnections} idle connections kept open at one server`,
  guarantee: 'each is accepted, and new ones after them; honest p99 at most doubled, or ≤ 500 ms; ≤ 200 MB more',
  unavailable: () =>
    openFileLimit() < idleConnections * 1.2 ? `only ${openFileLimit()} files may be open` : undefined,
  strike: async (scene) => {
    const { world, demand } = scene
    const [server] = world.auth
    const kept: Socket[] = []
    let answered = 0
    try {
      const { words } = await whileWatched(scene, { floorMs: 500, megabytes: 200 }, async () => {
        for (let batch = 0; batch < idleConnections; batch += 25) {
          const these = Array.from({ length: 25 }, (_, index) => idle(server, batch + index, kept))
          answered += (await Promise.all(these)).filter(Boolean).length
          await sleep(50)
        }
        await sleep(3_000)
        demand(await idle(server, idleConnections, kept), 'nobody else was accepted')
      })
      const open = kept.filter((socket) => !socket.destroyed).length
      demand(answered === idleConnections, `only ${answered} of ${idleConnections} were answered`)
      return [`${open} held at once, ${openFileLimit()} files may be open here; ${words}`]
    } finally {
      for (const socket of kept) socket.destroy()
    }
  },
}
