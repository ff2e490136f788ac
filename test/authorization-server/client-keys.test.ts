/** Clients that are URLs and sign for themselves: `private_key_jwt` (RFC 7523 §2.2, CIMD draft §8.2) with keys inline and elsewhere. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type ClientKey, newClientKey, signClientAssertion } from '../support/client-assertion.js'
import { clientDocument, type DocumentHost, startDocumentHost } from '../support/document-host.js'
import {
  authorize,
  discoverServer,
  type Grant,
  requestTokens,
  type ServerMetadata,
  startAuthorization,
  type TokenAnswer,
} from '../support/oauth-client.js'
import { resource, startServer, type TestServer } from './server.js'

const redirectUri = 'http://127.0.0.1:53682/callback'
const failureMs = 1_200

let host: DocumentHost
let server: TestServer
let metadata: ServerMetadata
let replicaTokens: string
let first: ClientKey
let second: ClientKey

beforeAll(async () => {
  host = await startDocumentHost()
  server = await startServer('embedded', {
    untrustedFetch: host.untrustedFetch,
    clientFailureMs: failureMs,
    clientHosts: { allowed: [], denied: ['denied.example'] },
  })
  metadata = await discoverServer(server.issuer)
  replicaTokens = await server.startReplica()
  first = await newClientKey('first', 'RS256')
  second = await newClientKey('second', 'ES256')
})
afterAll(() => Promise.all([server.close(), host.close()]))

let paths = 0
let path = ''
let keysPath = ''
let clientId = ''
beforeEach(() => {
  paths += 1
  path = `/signing-${paths}.json`
  keysPath = `/keys-${paths}.json`
  clientId = `${host.origin}${path}`
})
afterEach(() => host.breakDown(undefined))

function publishKeys(...keys: readonly ClientKey[]): string {
  return host.publish(keysPath, { body: { keys: keys.map(({ publicJwk }) => publicJwk) } })
}

function publish(changes: Readonly<Record<string, unknown>> = {}): void {
  const jwksUri = `${host.origin}${keysPath}`
  const signing = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: jwksUri, ...changes }
  host.publish(path, { body: clientDocument(clientId, signing) })
}

function assertion(key: ClientKey, claims: Readonly<Record<string, unknown>> = {}, kid = key.kid) {
  return signClientAssertion(key, { clientId, audience: server.issuer, claims, kid })
}

function ask(
  parameters: Readonly<Record<string, string>>,
  clientAssertion: string,
  tokens = metadata.token_endpoint,
): Promise<TokenAnswer> {
  return requestTokens(
    { token_endpoint: tokens },
    {
      resource,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: clientAssertion,
      ...parameters,
    },
  )
}

const refreshing = (token: string) => ({ grant_type: 'refresh_token', refresh_token: token })

/** Authorizes and redeems the code; the refresh token, or what went wrong. */
async function connect(key: ClientKey): Promise<string> {
  const grant: Grant = { server: metadata, clientId, redirectUri, resource }
  const browser = server.newBrowser()
  const { callback, codeVerifier } = await authorize(grant, browser, { account: server.account }, 'notes:read')
  const code = { grant_type: 'authorization_code', code: callback.get('code') ?? '', redirect_uri: redirectUri }
  const answer = await ask({ ...code, code_verifier: codeVerifier }, await assertion(key))
  if (answer.tokens?.refresh_token === undefined) throw new Error(`${answer.status} ${answer.error}`)
  return answer.tokens.refresh_token
}

describe('A client that is a URL signs for itself (RFC 7523 §2.2)', () => {
  it.each(['elsewhere', 'inline'])('with keys %s', async (where) => {
    publishKeys(first)
    publish(where === 'inline' ? { jwks_uri: undefined, jwks: { keys: [first.publicJwk] } } : {})
    const token = await connect(first)
    expect((await ask(refreshing(token), await assertion(first))).status).toBe(200)
    expect(host.requests(keysPath)).toHaveLength(where === 'inline' ? 0 : 1)
  })

  it('each time anew, whichever process it asks', async () => {
    publishKeys(first)
    publish()
    const token = await connect(first)
    const once = await assertion(first)
    const answers = await Promise.all([ask(refreshing(token), once), ask(refreshing(token), once, replicaTokens)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401])
    expect((await ask(refreshing(token), once, replicaTokens)).error).toBe('invalid_client')
  })

  it('and not otherwise', async () => {
    publishKeys(first)
    publish()
    const token = await connect(first)
    const now = Math.floor(Date.now() / 1_000)
    const wrong: [string, string][] = [
      ['signed by another', await assertion(second, {}, first.kid)],
      ['for another server', await assertion(first, { aud: 'https://other.example' })],
      ['for nobody', await assertion(first, { aud: undefined })],
      ['by another issuer', await assertion(first, { iss: 'https://other.example/client.json' })],
      ['by nobody', await assertion(first, { iss: undefined })],
      ['over', await assertion(first, { exp: now - 60 })],
      ['without end', await assertion(first, { exp: undefined })],
      ['without a name', await assertion(first, { jti: undefined })],
    ]
    for (const [what, clientAssertion] of wrong) {
      const { status, error } = await ask(refreshing(token), clientAssertion)
      expect([what, status, error]).toEqual([what, 401, 'invalid_client'])
    }
    const unsigned = await requestTokens(metadata, { ...refreshing(token), client_id: clientId, resource })
    expect([unsigned.status, unsigned.error]).toEqual([401, 'invalid_client'])
    const secret = { ...refreshing(token), client_id: clientId, client_secret: 'x', resource }
    expect((await requestTokens(metadata, secret)).error).toBe('invalid_client')
    // None of it burned the token.
    expect((await ask(refreshing(token), await assertion(first))).status).toBe(200)
  })
})

describe('Its keys change (CIMD draft §8.4.1)', () => {
  it('a new key is found when it is first used, and at most once a minute', async () => {
    publishKeys(first)
    publish()
    const token = await connect(first)
    publishKeys(first, second)
    server.advance(61)
    const next = (await ask(refreshing(token), await assertion(second))).tokens?.refresh_token ?? ''
    expect(next).not.toBe('')
    expect(host.requests(keysPath)).toHaveLength(2)
    for (let tries = 0; tries < 5; tries += 1) {
      const answer = await ask(refreshing(next), await assertion(first, {}, 'nobody has this'))
      expect(answer.error).toBe('invalid_client')
    }
    expect(host.requests(keysPath)).toHaveLength(2)
  })

  it('another key under the same name is found too, and at most once a minute', async () => {
    publishKeys(first)
    publish()
    const token = await connect(first)
    const renamed: ClientKey = { ...second, kid: first.kid, publicJwk: { ...second.publicJwk, kid: first.kid } }
    publishKeys(renamed)
    server.advance(61)
    const next = (await ask(refreshing(token), await assertion(renamed))).tokens?.refresh_token ?? ''
    expect(next).not.toBe('')
    expect(host.requests(keysPath)).toHaveLength(2)
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await ask(refreshing(next), await assertion(first))).error).toBe('invalid_client')
    }
    expect(host.requests(keysPath)).toHaveLength(2)
  })

  it.each(['elsewhere', 'inline'])('a key that was taken back %s opens nothing any more', async (where) => {
    const inline = (key: ClientKey) => ({ jwks_uri: undefined, jwks: { keys: [key.publicJwk] } })
    publishKeys(first)
    publish(where === 'inline' ? inline(first) : {})
    const token = await connect(first)
    publishKeys(second)
    publish(where === 'inline' ? inline(second) : {})
    server.advance(2 * 86_400)
    const old = await ask(refreshing(token), await assertion(first))
    expect([old.status, old.error]).toEqual([401, 'invalid_client'])
    expect((await ask(refreshing(token), await assertion(second))).status).toBe(200)
  })

  it('a client that no longer signs may go on without, one that begins to must', async () => {
    publishKeys(first)
    publish()
    const token = await connect(first)
    publish({ token_endpoint_auth_method: 'none', jwks_uri: undefined })
    server.advance(2 * 86_400)
    const bare = { ...refreshing(token), client_id: clientId, resource }
    const { tokens } = await requestTokens(metadata, bare)
    publish()
    server.advance(2 * 86_400)
    const next = tokens?.refresh_token ?? ''
    const without = await requestTokens(metadata, { ...bare, refresh_token: next })
    expect([without.status, without.error]).toEqual([401, 'invalid_client'])
    expect((await ask(refreshing(next), await assertion(first))).status).toBe(200)
  })
})

describe('The host of its keys is down', () => {
  it('the last good ones stand in for a day, here and elsewhere; then it is 503', async () => {
    publishKeys(first)
    publish()
    let token = await connect(first)
    // Seen again after consent, the keys are in the database.
    token = (await ask(refreshing(token), await assertion(first))).tokens?.refresh_token ?? ''
    host.breakDown({ status: 500 })
    for (const tokens of [metadata.token_endpoint, replicaTokens]) {
      server.advance(2 * 3_600)
      const answer = await ask(refreshing(token), await assertion(first), tokens)
      expect(answer.status).toBe(200)
      token = answer.tokens?.refresh_token ?? ''
    }
    server.advance(86_400)
    const refused = await ask(refreshing(token), await assertion(first))
    expect([refused.status, refused.error]).toEqual([503, 'temporarily_unavailable'])
    expect(refused.headers.get('retry-after')).toBe('30')
  })

  it.each([
    ['private', 'https://private.example/keys.json'],
    ['missing', undefined],
  ])('or %s: the same 503 after the same time, and nobody is asked', async (what, jwksUri) => {
    publish(jwksUri === undefined ? {} : { jwks_uri: `${jwksUri}?${paths}` })
    if (what === 'missing') host.publish(keysPath, undefined)
    const startedAt = performance.now()
    const { status, error } = await ask(refreshing('x'), await assertion(first))
    expect([status, error]).toEqual([503, 'temporarily_unavailable'])
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(failureMs - 20)
  })

  it('or nobody the operator wants to hear from: it is not asked', async () => {
    publish({ jwks_uri: `https://denied.example:${new URL(host.origin).port}/keys.json` })
    await server.newBrowser().open(startAuthorization(metadata, { clientId, redirectUri, resource }).url)
    const before = host.connections()
    expect((await ask(refreshing('x'), await assertion(first))).error).toBe('invalid_client')
    expect(host.connections()).toBe(before)
  })

  it.each([
    ['a private key', { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] }],
    ['a symmetric key', { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }],
    ['no keys', { colour: 'blue' }],
  ])('a key set with %s is none', async (_what, body) => {
    publish()
    host.publish(keysPath, { body })
    expect((await ask(refreshing('x'), await assertion(first))).status).toBe(503)
  })
})
