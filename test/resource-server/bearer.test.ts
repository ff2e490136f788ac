import { describe, expect, it } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { OAuthError } from '../../src/oauth/errors.js'
import { type AccessToken, authenticate, refuseMissingScopes } from '../../src/resource-server/index.js'

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

async function ask(header: string | undefined, failure?: Error) {
  const result = await authenticate(
    { authorization: header, dpop: undefined, method: 'POST', url: 'https://rs.test/mcp' },
    {
      verify: async (token) => {
        if (failure !== undefined) throw failure
        return { ...accessToken, tokenId: token }
      },
      resourceMetadataUrl,
      challengeScopes: ['notes:read', 'notes:write'],
    },
  )
  return 'refusal' in result ? result.refusal : result.accessToken
}

describe('bearer token usage (RFC 6750)', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER  abc', 'Bearer\tabc', ' Bearer abc '])(
    'reads the token of %p',
    async (header) => {
      expect(await ask(header)).toMatchObject({ tokenId: 'abc' })
    },
  )

  it.each([undefined, '', 'Basic dXNlcjpwYXNz', 'DPoP abc', 'Bearerabc'])(
    'asks for a token, without an error code, when the header is %p (§3.1)',
    async (header) => {
      expect(await ask(header)).toEqual({
        status: 401,
        headers: {
          'cache-control': 'no-store',
          'www-authenticate': `Bearer scope="notes:read notes:write", resource_metadata="${resourceMetadataUrl}"`,
        },
        body: { message: 'an access token is needed', resource_metadata: resourceMetadataUrl },
      })
    },
  )

  it.each(['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a, Bearer b', 'Bearer "a"', 'Bearer ä', 'Bearer a=b'])(
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
