import { afterEach, describe, expect, it } from '@jest/globals'
import type { HttpApp } from '../../src/http/http.js'
import { createInProcessRoute, type InProcessRoute } from '../../src/http/in-process-route.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'

const opened: InProcessRoute[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((route) => route.close()))
})

/** Answers what it was asked; `/silent` never. */
const echo: HttpApp = {
  callback: () => async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (request.url === '/silent') return
    const { method, url, headers, socket } = request
    const body = Buffer.concat(chunks)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method, url, host: headers.host, from: socket.remoteAddress, body: String(body) }))
  },
}

function open(limits: { timeoutMs?: number; maxBytes?: number } = {}) {
  const route = createInProcessRoute()
  opened.push(route)
  const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 4_000_000, ...limits, dispatcher: route.dispatcher })
  return { route, fetch }
}

describe('the way to another server in the same process', () => {
  it.each(['http://issuer.example/a?b=c', 'https://issuer.example/a?b=c'])(
    'leads to the attached app, whatever is at the host of %s',
    async (url) => {
      const { route, fetch } = open()
      route.attach(echo)
      const response = await fetch(url, { method: 'POST', body: 'hello', headers: { 'x-a': 'b' } })
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
      expect(await response.json()).toEqual({
        ...{ method: 'POST', url: '/a?b=c', host: 'issuer.example', from: '127.0.0.1', body: 'hello' },
      })
    },
  )

  it('waits for an app that starts later', async () => {
    const { route, fetch } = open()
    const answer = fetch('http://issuer.example/')
    route.attach(echo)
    expect((await answer).status).toBe(200)
  })

  it('carries more than fits into a buffer, several at once', async () => {
    const { route, fetch } = open()
    route.attach(echo)
    const bodies = ['a', 'b', 'c'].map((letter) => letter.repeat(700_000))
    const echoed = bodies.map(async (body) => {
      const { body: back } = (await (await fetch('http://issuer.example/', { method: 'POST', body })).json()) as {
        body: string
      }
      return back === body
    })
    expect(await Promise.all(echoed)).toEqual([true, true, true])
  })

  it('keeps the limits of time and size', async () => {
    const impatient = open({ timeoutMs: 100 })
    impatient.route.attach(echo)
    await expect(impatient.fetch('http://issuer.example/silent')).rejects.toThrow('timeout')
    const small = open({ maxBytes: 1_000 })
    small.route.attach(echo)
    const body = 'x'.repeat(2_000)
    await expect(small.fetch('http://issuer.example/', { method: 'POST', body })).rejects.toThrow(
      'longer than 1000 bytes',
    )
  })

  it('cuts off what is open when it closes, and opens nothing after', async () => {
    const { route, fetch } = open()
    route.attach(echo)
    const waiting = fetch('http://issuer.example/silent')
    const cutOff = expect(waiting).rejects.toThrow()
    await fetch('http://issuer.example/')
    await route.close()
    await cutOff
    await expect(fetch('http://issuer.example/')).rejects.toThrow()
  })
})
