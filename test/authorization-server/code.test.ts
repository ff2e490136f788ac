import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Browser } from '../support/browser.js'
import { cpuMilliseconds } from '../support/cpu-time.js'
import { describeOnDatabases } from '../support/describe-with.js'
import {
  authorize,
  exchangeOf,
  type Grant,
  type IssuedCode,
  newGrant,
  redeem,
  refresh,
  register,
  requestTokens,
} from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

describeOnDatabases('Authorization codes (RFC 6749 §4.1, RFC 7636), on %s', (kind) => {
  let server: TestServer
  let browser: Browser
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(kind)
    browser = server.newBrowser()
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const newCode = async (scope = 'notes:read notes:write') => {
    const { callback, codeVerifier } = await authorize(grant, browser, { account: server.account }, scope)
    return { code: callback.get('code') ?? '', codeVerifier }
  }

  /** The token request of a code, with some parameters replaced or removed. */
  const exchange = (issued: IssuedCode, changes: Record<string, string | undefined> = {}) => {
    const present = Object.entries({ ...exchangeOf(grant, issued), ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    return requestTokens(grant.server, Object.fromEntries(present))
  }

  it('become a token pair, once, that nobody caches', async () => {
    const { status, tokens, headers } = await exchange(await newCode())
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toMatch(/no-store/)
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'notes:read notes:write' })
    expect(tokens?.refresh_token).toMatch(/^[\w-]{40,}$/)
  })

  it('become an access token by RFC 9068', async () => {
    const { tokens } = await exchange(await newCode())
    const token = tokens?.access_token ?? ''
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256', kid: expect.any(String) })
    const claims = decodeJwt(token)
    expect(claims).toMatchObject({
      iss: server.issuer,
      aud: server.resource,
      client_id: grant.clientId,
      sub: expect.any(String),
      jti: expect.any(String),
      scope: 'notes:read notes:write',
    })
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600)
    expect(JSON.stringify(claims)).not.toContain(server.account.email)
  })

  it.each<[string, (given: { code: string; codeVerifier: string }) => Record<string, string | undefined>, string]>([
    ['a wrong verifier', () => ({ code_verifier: 'x'.repeat(43) }), 'invalid_grant'],
    [
      'the challenge as verifier',
      ({ codeVerifier }) => ({ code_verifier: createHash('sha256').update(codeVerifier).digest('base64url') }),
      'invalid_grant',
    ],
    ['no verifier', () => ({ code_verifier: undefined }), 'invalid_grant'],
    ['an empty verifier', () => ({ code_verifier: '' }), 'invalid_grant'],
    ['a verifier that is too short', () => ({ code_verifier: 'short' }), 'invalid_request'],
    ['another redirect_uri', () => ({ redirect_uri: 'http://127.0.0.1:41573/other' }), 'invalid_grant'],
    ['another port of the redirect_uri', () => ({ redirect_uri: 'http://127.0.0.1:41574/callback' }), 'invalid_grant'],
    ['no redirect_uri', () => ({ redirect_uri: undefined }), 'invalid_request'],
    ['an unknown resource', () => ({ resource: 'https://other.example/mcp' }), 'invalid_target'],
    ['a resource with a fragment', () => ({ resource: 'http://localhost:4000/mcp#x' }), 'invalid_target'],
    ['an unknown client', () => ({ client_id: 'nobody' }), 'invalid_client'],
  ])('survive %s', async (_name, changes, error) => {
    const given = await newCode()
    const refused = await exchange(given, changes(given))
    expect(refused.error).toMatch(error === 'invalid_grant' ? /^invalid_(grant|request)$/ : error)
    const honest = await exchange(given)
    expect(honest.status).toBe(200)
    expect((await refresh(grant, honest.tokens?.refresh_token ?? '')).status).toBe(200)
  })

  it('are of no use to another client, and survive its try (CVE-2026-16089)', async () => {
    const given = await newCode()
    const { client_id } = await register(grant.server, { redirect_uris: [grant.redirectUri] })
    expect((await exchange(given, { client_id })).error).toBe('invalid_grant')
    expect((await exchange(given)).status).toBe(200)
  })

  it('used again are refused, and take what was issued with them (RFC 9700 §4.2.4)', async () => {
    const given = await newCode()
    const { tokens } = await exchange(given)
    expect((await exchange(given)).error).toBe('invalid_grant')
    expect((await refresh(grant, tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
    expect((await exchange(given)).error).toBe('invalid_grant')
  })

  it('are redeemed by one of twenty at once', async () => {
    const given = await newCode()
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(given)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ error }) => error))).toEqual(
      new Set(['invalid_grant']),
    )
    // RFC 6749 §4.1.2: what the first one got is revoked, at once as much as one after the other.
    const winner = answers.find(({ tokens }) => tokens !== undefined)?.tokens
    expect((await refresh(grant, winner?.refresh_token ?? '')).error).toBe('invalid_grant')
  })

  it('end after a minute and the tolerance', async () => {
    const [early, late] = [await newCode(), await newCode()]
    server.advance(59)
    expect((await exchange(early)).status).toBe(200)
    server.advance(17)
    expect((await exchange(late)).error).toBe('invalid_grant')
  })

  it('keep the narrower scope that the person allowed', async () => {
    const { callback, codeVerifier } = await authorize(
      grant,
      browser,
      { account: server.account, allow: ['notes:read'] },
      'notes:read notes:write',
    )
    const { tokens } = await redeem(grant, callback.get('code') ?? '', codeVerifier)
    expect(tokens?.scope).toBe('notes:read')
  })

  it('work without a resource at the token endpoint, and with an alias of it', async () => {
    for (const resource of [undefined, `${server.resource}/`]) {
      const { tokens } = await exchange(await newCode(), { resource })
      expect(decodeJwt(tokens?.access_token ?? '').aud).toBe(server.resource)
    }
  })

  it('that were never issued are refused without a hint why', async () => {
    for (const code of ['x', '', 'x'.repeat(5_000), '\u0000', '../../etc']) {
      const { error, status } = await exchange({ code, codeVerifier: 'x'.repeat(43) })
      expect([400, 401]).toContain(status)
      expect(error).toMatch(/^invalid_(grant|request)$/)
    }
  })
})

describe('The token endpoint (RFC 6749 §3.2)', () => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer('embedded')
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const send = async (init: RequestInit, path = '/token') => {
    const response = await fetch(`${server.issuer}${path}`, { method: 'POST', ...init })
    return { status: response.status, text: await response.text(), headers: response.headers }
  }
  const form = 'grant_type=authorization_code&client_id=x&code=y'

  it.each<[string, RequestInit]>([
    ['JSON', { body: '{"grant_type":"x"}', headers: { 'content-type': 'application/json' } }],
    [
      'two content types',
      { body: form, headers: { 'content-type': 'application/json, application/x-www-form-urlencoded' } },
    ],
    ['a multipart form', { body: form, headers: { 'content-type': 'multipart/form-data; boundary=x' } }],
    ['no content type', { body: new Blob([form]) }],
    ['nothing', {}],
    ['a parameter twice', { body: new URLSearchParams(`${form}&code=z`) }],
    [
      'a NUL',
      { body: new URLSearchParams({ grant_type: 'authorization_code', client_id: 'a\u0000', code: '\u0000' }) },
    ],
    ['broken percent encoding', { body: '%zz=%', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    [
      'broken UTF-8',
      {
        body: new Uint8Array([0x63, 0x3d, 0xff, 0xfe]),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ],
  ])('refuses %s', async (_name, init) => {
    const { status, text, headers } = await send(init)
    expect([400, 401]).toContain(status)
    expect(JSON.parse(text)).toMatchObject({ error: expect.stringMatching(/^(invalid|unsupported)_/) })
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(headers.get('cache-control')).toMatch(/no-store/)
  })

  it.each(['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'constructor', '__proto__'])(
    'does not know the grant type %s',
    async (grantType) => {
      const { error } = await requestTokens(grant.server, { grant_type: grantType, client_id: grant.clientId })
      expect(error).toBe('unsupported_grant_type')
    },
  )

  it('knows the grant type client_credentials, but not for a client that was not made for it', async () => {
    const { error } = await requestTokens(grant.server, { grant_type: 'client_credentials', client_id: grant.clientId })
    expect(error).toBe('unauthorized_client')
  })

  it('refuses a large body at once', async () => {
    const spent = await cpuMilliseconds(async () => {
      const { status } = await send({ body: new URLSearchParams({ code: 'x'.repeat(2_000_000) }) })
      expect([400, 413]).toContain(status)
    })
    expect(spent).toBeLessThan(2_000)
  })

  it('takes no GET, and nothing from the query', async () => {
    expect((await fetch(`${server.issuer}/token?${form}`)).status).toBe(405)
    expect((await send({}, `/token?${form}`)).status).toBe(400)
  })

  it.each(['/token/', '/TOKEN'])('is the same unit of work when it is spelled %s', async (path) => {
    const { callback, codeVerifier } = await authorize(
      grant,
      server.newBrowser(),
      { account: server.account },
      'notes:read',
    )
    const token = { token_endpoint: `${server.issuer}${path}` }
    const request = {
      grant_type: 'authorization_code',
      client_id: grant.clientId,
      redirect_uri: grant.redirectUri,
      code: callback.get('code') ?? '',
      code_verifier: codeVerifier,
    }
    const answer = await fetch(token.token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({ ...request, resource: 'https://other.example' }),
    })
    expect([400, 404]).toContain(answer.status)
    expect((await requestTokens(grant.server, { ...request, resource: server.resource })).status).toBe(200)
  })
})
