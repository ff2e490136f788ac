/** Forms posted to an interaction: what counts in `sign-in`, and whom nobody can shut out by it. */
import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { pageOf } from '../support/browser.js'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import { form, kind, limitsWith, sendTo, startsServers } from './limited-senders.js'
import type { TestServer } from './server.js'

describe(`Forms of browsers that hold a sign-in in progress, on ${kind}`, () => {
  const start = startsServers()

  /** A browser with the sign-in page, as the requests it can send. */
  const openSignIn = async (server: TestServer) => {
    const grant = await newGrant(server)
    const browser = server.newBrowser()
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', resource: server.resource })
    const page = pageOf(await browser.open(url))
    const csrf = page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf')?.value ?? ''
    const cookie = browser.cookies.header(new URL(page.url)) ?? ''
    return { path: new URL(page.url).pathname, csrf, cookie }
  }

  it('forms without a sign-in in progress use up nothing of browsers that hold one', async () => {
    const limits = {
      'sign-in': { limit: 4, windowSeconds: 86_400 },
      other: { limit: 40, windowSeconds: 86_400 },
    }
    const server = await start({ usageLimits: limitsWith(limits) })
    const send = sendTo(server)
    const office = '203.0.113.1'
    const [honest, mallory] = [await openSignIn(server), await openSignIn(server)]
    const post = async (path: string, csrf: string, cookie: string) => {
      const init = { ...form({ csrf }), headers: { accept: 'text/html', cookie } }
      return (await send(path, office, init)).status
    }
    const unsigned = honest.cookie.replace(/\.sig=[^;]+/g, `.sig=${'x'.repeat(27)}`)
    const garbage: readonly (readonly [path: string, csrf: string, cookie: string, status: number])[] = [
      ['/interaction/x/sign-in', '', '', 400],
      [`${honest.path}/consent`, honest.csrf, '', 400],
      [`${honest.path}/sign-in`, honest.csrf, unsigned, 400],
      [`${honest.path}/sign-in`, honest.csrf, mallory.cookie, 400],
      [`${mallory.path}/sign-in`, '', mallory.cookie, 403],
      [`${mallory.path}/switch`, mallory.csrf, mallory.cookie, 404],
    ]
    for (let round = 0; round < 6; round += 1)
      for (const [path, csrf, cookie, status] of garbage)
        expect([path, await post(path, csrf, cookie)]).toEqual([path, status])
    const before = Array.from({ length: 2 }, () => post(`${honest.path}/switch-account`, honest.csrf, honest.cookie))
    expect(await Promise.all(before)).toEqual([303, 303])
    // Not even when they have used up what they do count as.
    const flood = await Promise.all(Array.from({ length: 30 }, () => post('/interaction/x/sign-in', '', '')))
    expect(flood).toContain(429)
    expect(await post(`${honest.path}/switch-account`, honest.csrf, honest.cookie)).toBe(303)
    // From then on a held cookie is no way around the limit on the rest.
    const stale = Array.from({ length: 5 }, () => post(`${mallory.path}/sign-in`, '', mallory.cookie))
    expect((await Promise.all(stale)).toSorted()).toEqual([403, 429, 429, 429, 429])
  })

  it('forms of which only half is sent hold nothing that others need', async () => {
    const server = await start({ usageLimits: limitsWith({ 'sign-in': { limit: 2, windowSeconds: 86_400 } }) })
    const office = '203.0.113.1'
    const [honest, mallory] = [await openSignIn(server), await openSignIn(server)]
    const halves = Array.from({ length: 6 }, () => {
      const half = request(new URL(`${mallory.path}/sign-in`, server.issuer), {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': 100,
          cookie: mallory.cookie,
          'x-forwarded-for': office,
        },
      })
      half.on('error', () => undefined)
      half.write('csrf=')
      return half
    })
    await Promise.all(
      halves.map((half) => once(half, 'socket').then(([socket]) => socket.connecting && once(socket, 'connect'))),
    )
    // Each is on its way before the form that follows it on a connection of its own.
    for (let round = 0; round < 3; round += 1) await sendTo(server)('/jwks', office)
    const init = { ...form({ csrf: honest.csrf }), headers: { accept: 'text/html', cookie: honest.cookie } }
    expect((await sendTo(server)(`${honest.path}/switch-account`, office, init)).status).toBe(303)
    for (const half of halves) half.destroy()
  })
})
