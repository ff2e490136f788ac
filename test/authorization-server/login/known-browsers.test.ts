/** The cookie that proves that a browser signed in before, beside cookies that a neighbouring host planted. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import Koa from 'koa'
import { createKnownBrowsers } from '../../../src/authorization-server/login/known-browsers.js'
import type { HttpContext } from '../../../src/http/context.js'
import type { KeyRing } from '../../../src/storage/keys/key-ring.js'

const clock = { now: () => new Date('2026-01-01T00:00:00Z') }
const email = 'ada@example.com'
const account = { id: 'ada', passwordHash: 'hash', disabledAt: undefined, changedAt: new Date(0) }
const app = new Koa()

function browsersOf(issuer: string) {
  // Of a ring, only the cookie keys matter here.
  const ring = { follow: (listener: (keys: unknown) => void) => listener({ cookie: ['key'] }) } as unknown as KeyRing
  const browsers = createKnownBrowsers(ring, issuer, clock)
  const request = (cookie: string) => {
    const sets: string[] = []
    const req = { headers: { cookie }, socket: { encrypted: true } } as unknown as IncomingMessage
    const setHeader = (_name: string, values: readonly string[]) => void sets.push(...values)
    const res = { getHeader: () => undefined, setHeader, req } as unknown as ServerResponse
    const ctx = app.createContext(req, res) as unknown as HttpContext
    Object.assign(ctx.state, { basePath: '' })
    return { ctx, sets }
  }
  return {
    /** The `Set-Cookie` header of a sign-in. */
    signIn: (cookie: string) => {
      const { ctx, sets } = request(cookie)
      browsers.remember(ctx, email, account.passwordHash)
      return sets[0] ?? ''
    },
    idOf: (cookie: string) => browsers.recognize(request(cookie).ctx, email, account)?.id,
  }
}

describe('The cookie of known browsers', () => {
  it('has the prefix under which browsers let no other host plant a cookie, where the issuer is https', () => {
    const set = browsersOf('https://auth.example').signIn('')
    expect(set).toMatch(/^__Host-gatehouse_known_browser=/)
    expect(set).toMatch(/; path=\/;/)
    expect(set).toMatch(/; secure/)
    expect(set).not.toMatch(/; domain/)
  })

  it('does not read one without the prefix', () => {
    const { signIn, idOf } = browsersOf('https://auth.example')
    const [cookie = ''] = signIn('').split(';')
    expect(idOf(cookie)).toEqual(expect.any(String))
    expect(idOf(cookie.replace('__Host-', ''))).toBeUndefined()
    expect(idOf(cookie.replace('__Host-', '__Secure-'))).toBeUndefined()
  })

  it.each([
    ['text', 'planted'],
    ['a proof of its own', `1700000000.${'x'.repeat(16)}.${'y'.repeat(43)}`],
    [
      'more proofs than are kept',
      Array.from({ length: 9 }, () => `1700000000.${'x'.repeat(16)}.${'y'.repeat(43)}`).join('~'),
    ],
    ['nothing', ''],
  ])('is found behind a planted one that holds %s, and renewed', (_what, planted) => {
    const { signIn, idOf } = browsersOf('http://localhost')
    const [cookie = ''] = signIn('').split(';')
    const [name] = cookie.split('=')
    const id = idOf(cookie)
    expect(id).toEqual(expect.any(String))
    const both = `${name}=${planted}; ${cookie}`
    expect(idOf(both)).toBe(id)
    const [renewed = ''] = signIn(both).split(';')
    expect(idOf(`${name}=${planted}; ${renewed}`)).toBe(id)
  })
})
