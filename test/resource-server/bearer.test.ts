import { validateHeaderValue } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { parseChallenge, parseChallenges } from '../../src/oauth/challenge.js'
import { OAuthError } from '../../src/oauth/errors.js'
import {
  authenticate,
  type BearerOptions,
  type PresentedCredentials,
  refuse,
} from '../../src/resource-server/bearer.js'
import { refuseMissingScopes } from '../../src/resource-server/guard.js'
import { type AccessToken, withoutQueryToken } from '../../src/resource-server/index.js'
import { createOperations } from '../../src/resource-server/operations.js'
import { bearerMethodsOf } from '../../src/resource-server/token-place.js'

const resourceMetadataUrl = 'https://rs.test/.well-known/oauth-protected-resource/mcp'
const accessToken: AccessToken = {
  subject: 'user-1',
  clientId: 'client-1',
  scopes: ['notes:read'],
  expiresAt: 1,
  audience: [],
  issuer: 'https://issuer.test',
  claims: {},
}

interface Asking {
  readonly failure?: Error
  readonly options?: Partial<BearerOptions>
  readonly request?: Partial<PresentedCredentials>
}

function present(header: string | undefined, { failure, options, request }: Asking) {
  return authenticate(
    { authorization: header, dpop: undefined, method: 'POST', url: 'https://rs.test/mcp', ...request },
    {
      verify: async (token) => {
        if (failure !== undefined) throw failure
        return { ...accessToken, tokenId: token }
      },
      resourceMetadataUrl,
      challengeScopes: ['notes:read', 'notes:write'],
      ...options,
    },
  )
}

async function ask(header: string | undefined, failure?: Error, options?: Partial<BearerOptions>) {
  const result = await present(header, { ...(failure && { failure }), ...(options && { options }) })
  return 'refusal' in result ? result.refusal : result.accessToken
}

function headerOf(answer: object): string {
  return 'headers' in answer
    ? (Object.entries(answer.headers ?? {}).find(([name]) => name === 'www-authenticate')?.[1] ?? '')
    : ''
}

describe('bearer token usage (RFC 6750)', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER  abc', 'Bearer\tabc', ' Bearer abc '])(
    'reads the token of %p',
    async (header) => {
      expect(await ask(header)).toMatchObject({ tokenId: 'abc' })
    },
  )

  it.each([
    undefined,
    '',
    ' ',
    'Basic dXNlcjpwYXNz',
    'DPoP abc',
    'Bearerabc',
    // An empty credential is no credential.
    'Bearer',
    'Bearer ',
    'bearer   ',
    'Bearer\t',
    'DPoP',
  ])('asks for a token, without an error code, when the header is %p (§3.1)', async (header) => {
    expect(await ask(header)).toEqual({
      status: 401,
      headers: {
        'cache-control': 'no-store',
        'www-authenticate': `Bearer scope="notes:read notes:write", resource_metadata="${resourceMetadataUrl}"`,
      },
      body: { message: 'an access token is needed', resource_metadata: resourceMetadataUrl },
    })
  })

  it.each(['Bearer a b', 'Bearer a, Bearer b', 'Bearer "a"', 'Bearer ä', 'Bearer a=b'])(
    'answers 400 invalid_request to %p',
    async (header) => {
      expect(await ask(header)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    },
  )

  it('answers 401 invalid_token with a full challenge', async () => {
    const refusal = await ask('Bearer abc', new OAuthError('invalid_token', 'the token is no good', { detail: 'why' }))
    expect(refusal).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate': `Bearer error="invalid_token", error_description="the token is no good", scope="notes:read notes:write", resource_metadata="${resourceMetadataUrl}"`,
      },
      body: { error: 'invalid_token', error_description: 'the token is no good' },
    })
  })

  it('answers an outage with 503 and no challenge, so that clients keep their token', async () => {
    const refusal = await ask('Bearer abc', new OAuthError('temporarily_unavailable', 'later'))
    expect(refusal).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
    expect(refusal).not.toHaveProperty(['headers', 'www-authenticate'])
  })

  it('does not turn an unexpected error into an answer', async () => {
    await expect(ask('Bearer abc', new TypeError('bug'))).rejects.toThrow('bug')
  })
})

describe('challenges as they are set (RFC 9110 §11.6.1, RFC 9728 §5.1)', () => {
  const bad = new OAuthError('invalid_token', 'the token is no good')

  it.each([
    ['no token', undefined, undefined],
    ['a bad token', 'Bearer abc', bad],
  ])(
    'names a realm when there is one, and leaves the metadata out of a 401 when told: %s',
    async (_name, header, failure) => {
      const refusal = await ask(header, failure, { realm: 'Notes', requireMetadataOn401: false })
      const { scheme, parameters } = parseChallenge(headerOf(refusal)) ?? {}
      expect(scheme).toBe('Bearer')
      expect(parameters).toMatchObject({ realm: 'Notes', scope: 'notes:read notes:write' })
      expect(JSON.stringify(refusal)).not.toContain('resource_metadata')
      expect(headerOf(await ask(header, failure, { realm: 'Notes' }))).toContain(
        `resource_metadata="${resourceMetadataUrl}"`,
      )
    },
  )

  it('goes on naming the metadata where the status is another', async () => {
    const refusal = await ask('Bearer a b', undefined, { requireMetadataOn401: false })
    expect(headerOf(refusal)).toContain('resource_metadata')
  })

  it('leaves out of the scopes what no client could ask for', () => {
    const { headers } = refuse(bad, { scopes: ['notes:read', 'a"b', 'back\\slash', 'new\nline', 'ünicode', ''] })
    expect(parseChallenge(headers['www-authenticate'] ?? '')?.parameters).toMatchObject({ scope: 'notes:read' })
  })

  /** The same strings on each run, out of the characters that break things. */
  function* hostileStrings(count: number): Generator<string> {
    const characters = [
      '"',
      '\\',
      '\r',
      '\n',
      '\0',
      ',',
      '=',
      ' ',
      '\t',
      ';',
      'ä',
      '\u2028',
      '😀',
      '\x7f',
      '\ud800',
      'a',
      'Bearer ',
      '", error="',
    ]
    let state = 7
    for (let index = 0; index < count; index += 1) {
      let text = ''
      for (let length = 0; length < 12; length += 1) {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
        text += characters[Math.floor(state / 65_536) % characters.length]
      }
      yield text
    }
  }

  it('no value can break the header or add to it', () => {
    for (const hostile of hostileStrings(2_000)) {
      const error = new OAuthError('invalid_token', hostile)
      const options = { realm: hostile, scopes: [hostile, 'ok'], resourceMetadataUrl: hostile, scheme: 'DPoP' as const }
      const header = refuse(error, options).headers['www-authenticate'] ?? ''
      expect(() => validateHeaderValue('www-authenticate', header)).not.toThrow()
      const challenges = parseChallenges(header)
      expect(challenges).toHaveLength(1)
      expect(Object.keys(challenges[0]?.parameters ?? {})).toEqual([
        'realm',
        'error',
        'error_description',
        'scope',
        'resource_metadata',
        'algs',
      ])
      expect(challenges[0]?.parameters['error']).toBe('invalid_token')
    }
  })
})

describe('tokens elsewhere than in the header (RFC 6750 §2.2, §2.3)', () => {
  const inQuery = { dangerouslyAcceptTokenInQuery: true }
  const inBody = { dangerouslyAcceptTokenInBody: true }
  const query = { query: 'a=b&access_token=abc' }
  const form = { form: 'access_token=abc&a=b' }

  it.each([
    ['nothing is set', {}, { ...query, ...form }],
    [
      'they are switched off',
      { dangerouslyAcceptTokenInQuery: false, dangerouslyAcceptTokenInBody: false },
      { ...query, ...form },
    ],
    ['only the other one is on', inQuery, form],
    ['only the other one is on', inBody, query],
    ['the method has no body', inBody, { ...form, method: 'GET' }],
    [
      'the parameter has another case',
      { ...inQuery, ...inBody },
      { query: 'Access_Token=abc', form: 'ACCESS_TOKEN=abc' },
    ],
  ])('do not exist when %s', async (_name, options, request) => {
    expect(await present(undefined, { options, request })).toMatchObject({ refusal: { status: 401 } })
    // Nor do they disturb a token in the header.
    expect(await present('Bearer xyz', { options, request })).toMatchObject({
      token: 'xyz',
      place: 'header',
      headers: {},
    })
  })

  it('are taken where the setting is on, and the answer to a query is private', async () => {
    expect(await present(undefined, { options: inQuery, request: query })).toMatchObject({
      accessToken: { tokenId: 'abc' },
      place: 'query',
      headers: { 'cache-control': 'private' },
    })
    expect(await present(undefined, { options: inBody, request: form })).toMatchObject({
      accessToken: { tokenId: 'abc' },
      place: 'body',
      headers: {},
    })
    // Basic is another scheme: no token there.
    expect(await present('Basic dXNlcjpwYXNz', { options: inQuery, request: query })).toMatchObject({ place: 'query' })
  })

  it.each([
    ['in header and query', 'Bearer abc', query],
    ['in header and body', 'Bearer abc', form],
    ['in body and query', undefined, { ...query, ...form }],
    ['twice in the query', undefined, { query: 'access_token=abc&access_token=abc' }],
    ['twice, once encoded', undefined, { query: 'access_token=abc&%61ccess_token=other' }],
    ['as no token can look', undefined, { form: 'access_token=a b' }],
    ['malformed in the header, good in the query', 'Bearer a b', query],
  ])('are 400 invalid_request when sent %s', async (_name, header, request) => {
    const result = await present(header, { options: { ...inQuery, ...inBody }, request })
    expect(result).toMatchObject({ refusal: { status: 400, body: { error: 'invalid_request' } } })
    expect(JSON.stringify(result)).not.toContain('abc')
  })

  it.each([
    ['in the query', undefined, { query: 'access_token=' }],
    ['in the body', undefined, { form: 'access_token=' }],
    ['in both, and the header', 'Bearer', { query: 'access_token=', form: 'access_token=' }],
  ])('are none when sent empty %s', async (_name, header, request) => {
    const result = await present(header, { options: { ...inQuery, ...inBody }, request })
    expect(result).toMatchObject({ refusal: { status: 401 } })
    expect(headerOf('refusal' in result ? result.refusal : {})).not.toContain('error=')
  })

  it('are taken from the query when the header is empty', async () => {
    expect(await present('Bearer ', { options: inQuery, request: query })).toMatchObject({ place: 'query' })
  })

  it('cannot be bound to a key: that needs the header (RFC 9449 §7.1)', async () => {
    const verify = async () => ({ ...accessToken, keyThumbprint: 'thumbprint' })
    const dpop = { replays: { rememberOnce: async () => true }, clock: { now: () => new Date(0) } }
    const options = { ...inQuery, verify, dpop }
    expect(await present(undefined, { options, request: query })).toMatchObject({
      refusal: { status: 401, body: { error: 'invalid_token' } },
    })
  })

  it('are announced exactly when they are on', () => {
    expect(bearerMethodsOf()).toEqual(['header'])
    expect(bearerMethodsOf(inBody)).toEqual(['header', 'body'])
    expect(bearerMethodsOf({ ...inQuery, ...inBody })).toEqual(['header', 'body', 'query'])
  })

  it.each([
    ['/mcp', '/mcp'],
    ['/mcp?a=access_token', '/mcp?a=access_token'],
    ['/mcp?access_token=abc', '/mcp?access_token=hidden'],
    ['https://rs.test/mcp?a=b&access_token=abc&c=d#e', 'https://rs.test/mcp?a=b&access_token=hidden&c=d#e'],
    ['/mcp?%61ccess%5Ftoken=abc&access_token=def', '/mcp?%61ccess%5Ftoken=hidden&access_token=hidden'],
    ['/mcp?x_access_token=abc', '/mcp?x_access_token=abc'],
  ])('stay out of logs: %s is written %s', (url, written) => {
    expect(withoutQueryToken(url)).toBe(written)
  })
})

describe('scopes of an operation (RFC 6750 §3.1, MCP step-up)', () => {
  const hierarchy = { 'notes:write': ['notes:read'] }
  const requirement = (...scopes: string[]) => ({ scopes, hierarchy, resourceMetadataUrl })

  it.each([
    [['notes:read'], ['notes:read']],
    [['notes:write'], ['notes:read']],
    [
      ['notes:write', 'other'],
      ['notes:read', 'notes:write'],
    ],
    [[], []],
  ])('lets %p do what needs %p', (scopes, needed) => {
    expect(refuseMissingScopes({ ...accessToken, scopes }, requirement(...needed))).toBeUndefined()
  })

  it.each([
    [['notes:readall'], 'notes:read'],
    [['notes:read'], 'notes:write'],
    [['notes'], 'notes:read'],
    [['NOTES:READ'], 'notes:read'],
    [['__proto__'], 'notes:read'],
    [[], 'notes:read'],
  ])('refuses %p what needs %p', (scopes, needed) => {
    expect(refuseMissingScopes({ ...accessToken, scopes }, requirement(needed))).toMatchObject({ status: 403 })
  })

  it('name the realm that other challenges name', () => {
    const refusal = refuseMissingScopes(accessToken, { ...requirement('notes:delete'), realm: 'Notes' })
    expect(parseChallenge(refusal?.headers['www-authenticate'] ?? '')?.parameters).toMatchObject({ realm: 'Notes' })
    const operations = createOperations({ hierarchy, realm: 'Notes', tools: { wipe: { scopes: ['notes:delete'] } } })
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wipe' } }
    expect(operations.refuse(accessToken, call, resourceMetadataUrl)).toEqual(refusal)
  })

  it('names what the operation needs and what is granted, so that nothing is lost by asking', () => {
    const refusal = refuseMissingScopes(accessToken, requirement('notes:delete'))
    expect(refusal?.status).toBe(403)
    expect(parseChallenge(refusal?.headers['www-authenticate'] ?? '')).toEqual({
      scheme: 'Bearer',
      parameters: {
        error: 'insufficient_scope',
        error_description: 'this operation needs permissions that were not granted',
        scope: 'notes:read notes:delete',
        resource_metadata: resourceMetadataUrl,
      },
    })
  })
})
