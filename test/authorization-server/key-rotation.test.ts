import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, importJWK, type JSONWebKeySet, SignJWT } from 'jose'
import { z } from 'zod'
import { documentMaxAgeSeconds, serveDocuments } from '../../src/authorization-server/endpoints/metadata.js'
import { createResources } from '../../src/authorization-server/resources/resources.js'
import { type Clock, systemClock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import { createSecretBox, randomSecret } from '../../src/base/secrets.js'
import { createHttpBase, type HttpBaseOptions } from '../../src/http/http.js'
import { answerAhead } from '../../src/http/prepared-answers.js'
import { notesResource } from '../../src/notes/notes-resource.js'
import type { FetchFunction, TokenVerifier } from '../../src/resource-server/index.js'
import { createRemoteKeySet } from '../../src/resource-server/key-set.js'
import { createJwtVerifier } from '../../src/resource-server/verifier.js'
import type { KeyPolicy } from '../../src/storage/keys/key-lifecycle.js'
import type { Keys } from '../../src/storage/keys/key-ring.js'
import { revokeKey, rotateKeys } from '../../src/storage/keys/key-rotation.js'
import { isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { preferredDatabase } from '../support/databases.js'
import { declaring } from '../support/declarations.js'
import { freePort } from '../support/free-port.js'
import { newGrant, obtainTokens, startAuthorization } from '../support/oauth-client.js'
import { listen } from '../support/opened.js'
import { addConfidentialClient, resource, startServer, type TestServer } from './server.js'

/** Far more than a run takes, and less than a key signs, so that tokens outlive their keys' signing. */
const tokenTtlSeconds = 5_000
const policy: KeyPolicy = {
  rotationSeconds: 4_000,
  leadSeconds: 1_200,
  signingKeptSeconds: tokenTtlSeconds + 600,
  cookieKeptSeconds: 86_400,
}
const stepSeconds = 300

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kid: z.string(), alg: z.string() })) })
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** What an HTTP cache in front of a resource server does: it keeps a document as long as it may. */
function cachingFetch(clock: Clock): FetchFunction {
  const kept = new Map<string, { readonly body: string; readonly until: number }>()
  return async (url) => {
    const known = kept.get(url)
    if (known !== undefined && clock.now().getTime() < known.until) return new Response(known.body)
    const response = await fetch(url)
    const maxAge = Number(/max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1])
    const body = await response.text()
    kept.set(url, { body, until: clock.now().getTime() + maxAge * 1_000 })
    return new Response(body)
  }
}

describe('Rotation of signing keys', () => {
  let server: TestServer
  let replica: string
  let clock: Clock
  let started: number
  beforeAll(async () => {
    server = await startServer(preferredDatabase(), {
      keyPolicy: policy,
      accessTokenTtlSeconds: tokenTtlSeconds,
    })
    replica = await server.startReplica()
    ;({ clock } = server.storage)
    started = clock.now().getTime()
  })
  afterAll(() => server.close())

  const passed = () => (clock.now().getTime() - started) / 1_000

  async function readKeySet(from = server.issuer) {
    const { keys } = jwksSchema.parse(await (await fetch(`${from}/jwks`)).json())
    for (const member of privateMembers) expect(keys.filter((key) => member in key)).toEqual([])
    return keys
  }
  const kidsOf = async (from?: string) => (await readKeySet(from)).map(({ kid }) => kid)

  async function newToken(authorization: string, endpoint = `${server.issuer}/token`): Promise<string> {
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    const response = await fetch(endpoint, { method: 'POST', headers: { authorization }, body })
    expect(response.status).toBe(200)
    return z.object({ access_token: z.string() }).parse(await response.json()).access_token
  }

  /** A resource server of our library, behind a cache. */
  function libraryVerifier(): TokenVerifier {
    const keys = createRemoteKeySet({ jwksUri: async () => `${server.issuer}/jwks`, fetch: cachingFetch(clock), clock })
    return createJwtVerifier({ issuer: server.issuer, audience: server.resource, keys, clock })
  }

  /** One that reads the key set every ten minutes through a cache, and never because of a `kid` that it does not know. */
  function patientVerifier(): TokenVerifier {
    const load = cachingFetch(clock)
    let keys: ReturnType<typeof createLocalJWKSet> | undefined
    let readAt = Number.NEGATIVE_INFINITY
    return createJwtVerifier({
      ...{ issuer: server.issuer, audience: server.resource, clock },
      keys: async (header, token) => {
        if (keys === undefined || passed() - readAt >= 600) {
          keys = createLocalJWKSet((await (await load(`${server.issuer}/jwks`)).json()) as JSONWebKeySet)
          readAt = passed()
        }
        return keys(header, token)
      },
    })
  }

  it('happens by itself, at both of two processes, three times under load, and no valid token is ever refused', async () => {
    const { authorization } = await addConfidentialClient(server)
    const verifiers = [libraryVerifier(), patientVerifier()]
    const firstPublished = new Map<string, number>()
    const firstUsed = new Map<string, number>()
    const lastPublished = new Map<string, number>()
    let held: readonly { readonly token: string; readonly endsAt: number }[] = []
    const first = server.keyRing.keys.signing.find(({ alg }) => alg === 'ES256')
    if (first === undefined) throw new Error('no key')
    const exchanged = await newToken(authorization)
    // What its private key could still sign when nobody should believe it any more.
    const forged = await new SignJWT({ ...decodeJwt(exchanged), exp: started / 1_000 + 80_000 })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: first.kid })
      .sign(await importJWK(first))
    await expect(libraryVerifier()(forged)).resolves.toBeDefined()

    for (let step = 0; passed() < 3 * policy.rotationSeconds + 2_000; step += 1) {
      const now = passed()
      const [one, other] = await Promise.all([
        newToken(authorization),
        newToken(authorization, replica),
        // While the keys change under them.
        server.tendKeys(),
      ])
      for (const token of [one, other]) {
        const kid = decodeProtectedHeader(token).kid ?? ''
        if (!firstUsed.has(kid)) firstUsed.set(kid, now)
      }
      const published = await kidsOf()
      for (const kid of published) {
        if (!firstPublished.has(kid)) firstPublished.set(kid, now)
        lastPublished.set(kid, now)
      }
      // Its `exp` is by the engine's clock, which stays where it is: by this one it ends so long after the start.
      const ends = (token: string) => Number(decodeJwt(token).exp) - started / 1_000
      held = [...held, ...(step % 3 === 0 ? [one, other] : [one]).map((token) => ({ token, endsAt: ends(token) }))]
      const alive = held.filter(({ endsAt }) => endsAt > now)
      const probes = [...alive.slice(0, 1), ...alive.slice(-3)]
      for (const { token } of probes) for (const verify of verifiers) await verify(token)
      server.advance(stepSeconds)
    }

    expect(firstUsed.size).toBeGreaterThanOrEqual(4)
    for (const [kid, usedAt] of firstUsed) {
      if (kid === first.kid) continue
      // Longer than an HTTP cache and our library together may keep the set.
      expect(usedAt - (firstPublished.get(kid) ?? Number.NaN)).toBeGreaterThanOrEqual(documentMaxAgeSeconds + 600 + 300)
    }
    const published = await kidsOf()
    expect(published).not.toContain(first.kid)
    expect(await kidsOf(replica.replace(/\/token$/, ''))).toEqual(published)
    // Until the last token that it signed was over, and not for ever.
    const retiredAt = [...firstUsed.values()].filter((at) => at > 0)[0] ?? Number.NaN
    expect(lastPublished.get(first.kid)).toBeGreaterThan(retiredAt + tokenTtlSeconds)
    await expect(libraryVerifier()(forged)).rejects.toMatchObject({ code: 'invalid_token' })
    expect(await server.storage.prisma.signingKey.findUnique({ where: { kid: first.kid } })).toBeNull()
    const events = await server.storage.prisma.auditEvent.findMany({ where: { type: { startsWith: 'key.' } } })
    expect(
      events.filter(({ type, detail }) => type === 'key.activated' && JSON.stringify(detail).includes('ES256')),
    ).toHaveLength(3)
  })

  it('is published by both processes, whichever of them makes the key', async () => {
    const before = await kidsOf()
    for (let step = 0; step < policy.rotationSeconds / stepSeconds; step += 1) {
      server.advance(stepSeconds)
      await server.tendKeys()
      const [one, other] = [await kidsOf(), await kidsOf(replica.replace(/\/token$/, ''))]
      expect(one).toEqual(other)
      if (one.some((kid) => !before.includes(kid))) return
    }
    throw new Error('no key was published')
  })

  it('makes one key of each kind, however many ask for it', async () => {
    await Promise.all(Array.from({ length: 3 }, () => rotateKeys(server.storage, policy, { immediately: false })))
    const statuses = () =>
      server.storage.prisma.signingKey
        .findMany({
          where: { status: { in: ['next', 'current'] } },
          orderBy: [{ algorithm: 'asc' }, { status: 'asc' }],
        })
        .then((rows) => rows.map(({ algorithm, status }) => `${algorithm} ${status}`))
    expect(await statuses()).toEqual(['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])
    const next = (await server.storage.prisma.signingKey.findMany({ where: { status: 'next' } })).map(({ kid }) => kid)
    const cookieKeys = await server.storage.prisma.cookieKey.count()
    await Promise.all(Array.from({ length: 3 }, () => rotateKeys(server.storage, policy, { immediately: true })))
    expect(await statuses()).toEqual(['ES256 current', 'RS256 current'])
    const current = await server.storage.prisma.signingKey.findMany({ where: { status: 'current' } })
    expect(current.map(({ kid }) => kid).sort()).toEqual(next.sort())
    expect(await server.storage.prisma.cookieKey.count()).toBe(cookieKeys + 1)
  })

  it('is not felt by people: sessions, forms and sign-outs begun before it go on after it', async () => {
    const browser = server.newBrowser()
    const grant = await newGrant(server)
    const person = { account: server.account }
    const idToken = (await obtainTokens(grant, browser, person, 'openid notes:read')).id_token ?? ''
    const begun = server.newBrowser()
    const url = () => startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url
    const form = pageOf(await begun.open(url()))
    for (let round = 0; round < 2; round += 1) {
      await rotateKeys(server.storage, policy, { immediately: true })
      await server.tendKeys()
    }
    expect(isConsentPage(pageOf(await browser.open(url())))).toBe(true)
    expect(isSignInPage(form)).toBe(true)
    expect(isConsentPage(pageOf(await signIn(begun, form, server.account)))).toBe(true)
    const hint = new URLSearchParams({ id_token_hint: idToken })
    const page = pageOf(await browser.open(`${server.issuer}/logout?${hint}`))
    expect([page.status, page.heading]).toEqual([200, 'Sign out?'])
  })
})

describe('The key set, asked for while the keys change', () => {
  it('is never kept when it was made of the old ones', async () => {
    const port = await freePort()
    const origin = `http://localhost:${port}`
    let change = () => undefined
    const rendered: string[] = []
    const base: HttpBaseOptions = {
      ...{ log: createLogger('silent'), clock: systemClock, origin, trustedProxies: [] },
      ready: async () => undefined,
    }
    const app = createHttpBase(base)
    const keyRing = {
      follow: (use: (keys: Keys) => void) => {
        change = () => void use({ signing: [], cookie: [] })
      },
    }
    const declarations = declaring(notesResource(resource))
    const resources = createResources(declarations)
    const { middleware, prepared } = serveDocuments({
      declarations,
      basePath: '',
      resources,
      switches: {},
      languages: ['en'],
      keyRing,
    })
    app.use(middleware)
    app.use(async (ctx) => {
      rendered.push(`key-${rendered.length}`)
      ctx.body = { keys: [rendered.at(-1)] }
      // The engine has answered with what it had; before the answer is out it gets other keys.
      if (rendered.length === 1) change()
    })
    const listening = await listen(answerAhead(app, base, prepared), '127.0.0.1', port)
    const published = async () => (await fetch(`${origin}/jwks`)).json()
    const answers = []
    for (let round = 0; round < 3; round += 1) answers.push([await published(), prepared('/jwks') !== undefined])
    const [first, second] = ['key-0', 'key-1'].map((key) => ({ keys: [key] }))
    expect(answers).toEqual([
      [first, false],
      [second, true],
      [second, true],
    ])
    change()
    expect(prepared('/jwks')).toBeUndefined()
    expect(await published()).toEqual({ keys: ['key-2'] })
    await listening.close(0)
  })
})

describe('A process whose encryption key does not open what another one made', () => {
  it('is not ready until it can, and goes on answering with the keys it has', async () => {
    const server = await startServer('embedded', { keyPolicy: policy })
    const readiness = async () => (await fetch(`${server.issuer}/health/ready`)).status
    const published = async () =>
      z
        .object({ keys: z.array(z.object({ kid: z.string() })) })
        .parse(await (await fetch(`${server.issuer}/jwks`)).json())
        .keys.map(({ kid }) => kid)
    const before = await published()
    expect(await readiness()).toBe(200)

    const other = { ...server.storage, secretBox: createSecretBox(randomSecret()) }
    const changes = await rotateKeys(other, policy, { immediately: false })
    // However often it looks.
    for (let times = 0; times < 2; times += 1) {
      await expect(server.tendKeys()).rejects.toThrow(/^the database was set up with another encryption key[^\n]+$/)
      expect(await readiness()).toBe(503)
    }
    expect(await published()).toEqual(before)

    for (const { id } of changes) await revokeKey(server.storage, policy, id)
    await server.tendKeys()
    expect(await readiness()).toBe(200)
    await server.close()
  })
})
