import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { listenOn } from '../support/opened.js'

let server: Server
let origin: string

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/slow') return
    if (request.url === '/redirect') response.writeHead(302, { location: '/' })
    if (request.url === '/empty') response.writeHead(204)
    response.end(request.url === '/long' ? 'x'.repeat(2_000) : undefined)
  })
  await listenOn(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not bound')
  origin = `http://127.0.0.1:${address.port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 1_000 })

describe('outbound requests to configured URLs', () => {
  it.each([
    ['a redirect', '/redirect'],
    ['an answer over the size limit', '/long'],
  ])('fail on %s', async (_name, path) => {
    await expect(fetch(origin + path)).rejects.toThrow()
  })

  it('fail on an answer over the time limit', async () => {
    const impatient = createOperatorFetch({ timeoutMs: 200, maxBytes: 1_000 })
    await expect(impatient(`${origin}/slow`)).rejects.toThrow()
  })

  it('pass answers without a body', async () => {
    expect((await fetch(`${origin}/empty`)).status).toBe(204)
  })

  it("end when the caller's own signal does", async () => {
    await expect(fetch(`${origin}/`, { signal: AbortSignal.abort() })).rejects.toThrow()
  })
})
