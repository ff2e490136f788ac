import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import {
  type AccessToken,
  followRevocations,
  type RevocationFeed,
  type RevocationFeedSettings,
} from '../../src/resource-server/index.js'
import { type FeedState, refuseRevoked } from '../../src/resource-server/revocation-feed.js'
import { createTokenVerifier } from '../../src/resource-server/token-verifier.js'
import { eventually } from '../support/eventually.js'
import { type LoopbackServer, resource, startLoopbackServer, startTokenIssuer } from '../support/token-issuer.js'

const issuer = 'https://issuer.test'
const start = Math.floor(Date.now() / 1000)

function tokenOf(gid: string, from = issuer): AccessToken {
  const claims = { gid, iat: start }
  return { clientId: 'c', scopes: [], expiresAt: start + 600, audience: [], issuer: from, claims }
}

function factsOf(...ids: string[]) {
  return ids.map((id) => ({ kind: 'grant', id, at: start, expires_at: start + 4_200 }))
}

function pageOf(cursor: string, ...ids: string[]) {
  return { body: { revocations: factsOf(...ids), cursor, more: false, complete: false } }
}

describe('following the revocation feed', () => {
  let server: LoopbackServer
  let feed: RevocationFeed | undefined
  let offsetMs = 0
  let states: FeedState[] = []
  let asked: URLSearchParams[] = []
  beforeEach(async () => {
    server = await startLoopbackServer()
    feed = undefined
    offsetMs = 0
    states = []
    asked = []
  })
  afterEach(async () => {
    feed?.close()
    await server.close()
  })

  const follow = (settings: Partial<RevocationFeedSettings> = {}) => {
    feed = followRevocations({
      issuer,
      feed: `${server.origin}/revocations`,
      credentials: { clientId: 'resource server', clientSecret: 'secret' },
      fetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
      // Stands still but for what a test adds: the seconds that a busy machine takes are none here.
      clock: { now: () => new Date(start * 1_000 + offsetMs) },
      onChange: (state) => void states.push(state),
      ...settings,
    })
    return feed
  }
  /** Answers the pages one after the other, then the last one again and again. */
  const serve = (...pages: readonly ({ status?: number; body: unknown } | undefined)[]) => {
    let index = 0
    server.routes.set('/revocations', (body) => {
      asked.push(new URLSearchParams(body))
      const page = pages[Math.min(index, pages.length - 1)]
      index += 1
      return page ?? { status: 500, body: {} }
    })
  }
  const verdict = (accessToken: AccessToken) =>
    refuseRevoked(
      async () => accessToken,
      feed ?? follow(),
    )('token').then(
      () => 'taken',
      (error: { code?: string; status?: number }) => `${error.status} ${error.code}`,
    )

  it('reads everything there is before it lets the first token pass, then goes on from each place', async () => {
    const more = { body: { revocations: factsOf('a'), cursor: 'first', more: true, complete: false } }
    serve(more, pageOf('second', 'b'), pageOf('third', 'c'), pageOf('third'))
    follow()
    expect(await verdict(tokenOf('b'))).toBe('401 invalid_token')
    expect(await verdict(tokenOf('a'))).toBe('401 invalid_token')
    await eventually(() => feed?.isRevoked(tokenOf('c')) === true)
    expect(await verdict(tokenOf('innocent'))).toBe('taken')
    // A grant of the same name at another issuer is another one.
    expect(await verdict(tokenOf('a', 'https://other.test'))).toBe('taken')
    await feed?.ready
    await eventually(() => asked.length > 3)
    expect(asked.slice(0, 4).map((form) => form.get('after'))).toEqual([null, 'first', 'second', 'third'])
    expect(asked[1]?.get('wait')).toBe('10')
    expect(states).toEqual([{ isFollowing: true }])
  })

  it('goes on with what is known while the feed is down, and hears of the rest when it is back', async () => {
    serve(pageOf('one', 'a'), undefined, undefined, undefined, undefined, pageOf('two', 'b'), pageOf('two'))
    follow()
    await eventually(() => states.length === 2)
    expect(states[1]).toEqual({ isFollowing: false, reason: expect.stringContaining('500') })
    expect(await verdict(tokenOf('a'))).toBe('401 invalid_token')
    expect(await verdict(tokenOf('innocent'))).toBe('taken')
    offsetMs = 3_600_000
    expect(await verdict(tokenOf('innocent'))).toBe('taken')
    await eventually(() => states.length === 3)
    expect(feed?.isRevoked(tokenOf('b'))).toBe(true)
    await eventually(() => asked.at(-1)?.get('after') === 'two')
  })

  it('answers 503 when it was told to and heard nothing for so long, but still 401 for what is known', async () => {
    serve(pageOf('one', 'a'), undefined)
    follow({ refuseAfterSeconds: 60 })
    await feed?.ready
    offsetMs = 59_000
    expect(await verdict(tokenOf('innocent'))).toBe('taken')
    offsetMs = 62_000
    expect(await verdict(tokenOf('innocent'))).toBe('503 temporarily_unavailable')
    expect(await verdict(tokenOf('a'))).toBe('401 invalid_token')
    serve(pageOf('two'))
    await eventually(() => asked.at(-1)?.get('after') === 'two')
    expect(await verdict(tokenOf('innocent'))).toBe('taken')
    expect(() => follow({ refuseAfterSeconds: 14 })).toThrow(RangeError)
  })

  it('answers 503 from the start then, until it has heard what was revoked before', async () => {
    serve(undefined)
    follow({ refuseAfterSeconds: 60 })
    expect(await verdict(tokenOf('innocent'))).toBe('503 temporarily_unavailable')
    serve(pageOf('one', 'a'))
    await feed?.ready
    expect(await verdict(tokenOf('innocent'))).toBe('taken')
    expect(await verdict(tokenOf('a'))).toBe('401 invalid_token')
  })

  it('does not keep tokens waiting for a feed that was never there', async () => {
    serve(undefined)
    follow()
    expect(await verdict(tokenOf('a'))).toBe('taken')
    // Three failures, 0.6 s apart in all, are enough to know.
    expect(asked).toHaveLength(3)
    expect(states).toEqual([{ isFollowing: false, reason: expect.any(String) }])
  })

  it.each<[string, { status?: number; body: unknown }]>([
    ['no object', { body: [] }],
    ['no facts', { body: { cursor: 'x', more: false } }],
    ['no cursor', { body: { revocations: [], more: false } }],
    ['a fact without an id', { body: { revocations: [{ kind: 'grant' }], cursor: 'x', more: false } }],
    ['refused credentials', { status: 401, body: { error: 'invalid_client' } }],
  ])('counts %s as an outage', async (_what, answer) => {
    serve(answer)
    follow()
    await eventually(() => states.length === 1)
    expect(states[0]?.isFollowing).toBe(false)
    expect(feed?.isRevoked(tokenOf('a'))).toBe(false)
  })

  it('passes over kinds to come, and starts anew at a place that is not known any more', async () => {
    const later = { kind: 'device', id: 'x', at: start, expires_at: start + 10 }
    serve(
      { body: { revocations: [later, ...factsOf('a')], cursor: 'one', more: false } },
      { status: 400, body: { error: 'invalid_request' } },
      pageOf('two', 'b'),
      pageOf('two'),
    )
    follow()
    await eventually(() => feed?.isRevoked(tokenOf('b')) === true)
    expect(feed?.isRevoked(tokenOf('a'))).toBe(true)
    expect(asked.slice(0, 3).map((form) => form.get('after'))).toEqual([null, 'one', null])
  })

  it('refuses revoked tokens of the one server whose feed is followed, though they were verified before', async () => {
    serve(pageOf('one'))
    const [followed, other] = await Promise.all([startTokenIssuer(), startTokenIssuer()])
    const { issuer: own } = followed
    const revocations = follow({ issuer: own })
    const trusted = createTokenVerifier({
      audience: resource,
      authorizationServers: [{ issuer: own }, { issuer: other.issuer }],
      fetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
      clock: { now: () => new Date() },
    })
    const verify = refuseRevoked(trusted.verify, revocations)
    const tokens = await Promise.all([
      followed.sign({ gid: 'a' }),
      followed.sign({ gid: 'b' }),
      other.sign({ gid: 'a' }),
    ])
    const taken = () =>
      Promise.all(
        tokens.map((token) =>
          verify(token).then(
            () => true,
            () => false,
          ),
        ),
      )
    expect(await taken()).toEqual([true, true, true])
    serve(pageOf('two', 'a'), pageOf('two'))
    await eventually(() => asked.at(-1)?.get('after') === 'two')
    expect(await taken()).toEqual([false, true, true])
    await Promise.all([followed.close(), other.close()])
  })

  it('stops when it is closed, and keeps what it knows', async () => {
    serve(pageOf('one', 'a'))
    follow()
    await feed?.ready
    feed?.close()
    await sleep(100)
    const before = asked.length
    await sleep(300)
    expect(asked.length).toBe(before)
    expect(await verdict(tokenOf('a'))).toBe('401 invalid_token')
  })

  it('finds no feed at an issuer that has none', async () => {
    follow({ feed: { endpoint: async () => undefined } })
    await eventually(() => states.length === 1)
    expect(states[0]).toEqual({ isFollowing: false, reason: expect.stringContaining('no revocation feed') })
  })
})
