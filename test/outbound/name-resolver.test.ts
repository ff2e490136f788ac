/** A name server of our own on loopback, in the few bytes of RFC 1035 that it takes. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createNameResolver, type Resolve } from '../../src/outbound/name-resolver.js'
import { eventually } from '../support/eventually.js'

const types = { 1: 'A', 28: 'AAAA' } as const

const records: Readonly<Record<string, Partial<Record<'A' | 'AAAA', readonly number[]>>>> = {
  'four.example.com': { A: [93, 184, 216, 34] },
  'six.example.com': { AAAA: [0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11] },
  'late.example.com': { A: [93, 184, 216, 35] },
  'both.example.com': { A: [127, 0, 0, 1], AAAA: [0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11] },
}

const server = createSocket('udp4')
const asked: string[] = []
/** Answers to questions about late.example.com, held back until they are sent. */
const heldBack: (() => void)[] = []
let servers: readonly string[] = []
/** Has more time than any test. Made for each question: c-ares waits for less time at a server that it knows to be quick. */
const resolve: Resolve = (name) => createNameResolver({ timeoutMs: 600_000, servers })(name)

function nameIn(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = 12
  for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size))
    at += size + 1
  }
  return { name: labels.join('.'), end: at + 1 }
}

beforeAll(async () => {
  server.on('message', (query, { port, address }) => {
    const { name, end } = nameIn(query)
    asked.push(name)
    if (name === 'silent.example.com') return
    const type = types[query.readUInt16BE(end) as keyof typeof types]
    const data = records[name.toLowerCase()]?.[type]
    const known = records[name.toLowerCase()] !== undefined
    const header = Buffer.concat([
      query.subarray(0, 2),
      Buffer.from([0x81, known ? 0x80 : 0x83, 0, 1, 0, data ? 1 : 0, 0, 0, 0, 0]),
    ])
    const question = query.subarray(12, end + 4)
    const answer =
      data === undefined
        ? Buffer.alloc(0)
        : Buffer.from([0xc0, 12, 0, type === 'A' ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, data.length, ...data])
    const send = () => server.send(Buffer.concat([header, question, answer]), port, address)
    if (name === 'late.example.com') heldBack.push(send)
    else send()
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  servers = [`127.0.0.1:${server.address().port}`]
})
afterAll(() => new Promise<void>((done) => server.close(() => done())))
beforeEach(() => {
  asked.length = 0
})

describe('Resolving names that strangers chose', () => {
  it.each([
    ['four.example.com', [{ address: '93.184.216.34', family: 4 }]],
    ['six.example.com', [{ address: '2606:4700::1111', family: 6 }]],
    [
      'both.example.com',
      [
        { address: '127.0.0.1', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
    ],
  ])('finds all addresses of %s', async (name, addresses) => expect(await resolve(name)).toEqual(addresses))

  it('rejects for a name that is not there', async () => {
    await expect(resolve('nobody.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  it('rejects when its own time is over, after two questions for each kind of address', async () => {
    // The yardstick is another resolver with more time, which asked before and still waits: no clock of the test's.
    const late = resolve('late.example.com')
    const impatient = createNameResolver({ timeoutMs: 400, servers })
    await expect(impatient('silent.example.com')).rejects.toMatchObject({ code: 'ETIMEOUT' })
    await eventually(() => heldBack.length === 2)
    for (const send of heldBack) send()
    expect(await late).toEqual([{ address: '93.184.216.35', family: 4 }])
    expect(asked.filter((name) => name === 'silent.example.com')).toHaveLength(4)
  })

  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'app.localhost',
    'postgres',
    'printer.local',
    'db.internal',
    'metadata.google.internal',
    'router.home.arpa',
    'x.onion',
    'x.test',
    'x.invalid',
  ])('asks nobody about %s', async (name) => {
    await expect(resolve(name)).rejects.toThrow(/not public/)
    expect(asked).toEqual([])
  })
})
