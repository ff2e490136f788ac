import { describe, expect, it } from '@jest/globals'
import { OAuthError } from '../../src/oauth/errors.js'
import { authorizationServerMetadataUrls, protectedResourceMetadataUrl } from '../../src/oauth/well-known.js'

describe('Metadata of a protected resource (RFC 9728 §3.1)', () => {
  it.each([
    ['http://localhost:4000/mcp', 'http://localhost:4000/.well-known/oauth-protected-resource/mcp'],
    ['https://a.example', 'https://a.example/.well-known/oauth-protected-resource'],
    ['https://a.example/', 'https://a.example/.well-known/oauth-protected-resource'],
    ['https://a.example/a/b', 'https://a.example/.well-known/oauth-protected-resource/a/b'],
    ['https://a.example/a?t=1', 'https://a.example/.well-known/oauth-protected-resource/a?t=1'],
  ])('of %s is at %s', (resource, expected) => expect(protectedResourceMetadataUrl(resource)).toBe(expected))
})

describe('Metadata of an authorization server (RFC 8414 §3.1, OpenID Connect Discovery §4)', () => {
  it('has two names for an issuer without a path', () => {
    expect(authorizationServerMetadataUrls('https://a.example')).toEqual([
      'https://a.example/.well-known/oauth-authorization-server',
      'https://a.example/.well-known/openid-configuration',
    ])
  })

  it('has three names for an issuer with a path, path-inserted first', () => {
    expect(authorizationServerMetadataUrls('https://a.example/tenant')).toEqual([
      'https://a.example/.well-known/oauth-authorization-server/tenant',
      'https://a.example/.well-known/openid-configuration/tenant',
      'https://a.example/tenant/.well-known/openid-configuration',
    ])
  })
})

describe('Errors of OAuth endpoints (RFC 6749 §5.2)', () => {
  it.each([
    ['invalid_request', 400],
    ['invalid_grant', 400],
    ['invalid_client', 401],
    ['invalid_token', 401],
    ['insufficient_scope', 403],
    ['server_error', 500],
    ['temporarily_unavailable', 503],
  ] as const)('%s is answered with %i', (code, status) => expect(new OAuthError(code, 'text').status).toBe(status))

  it('shows its public text, never its detail', () => {
    const error = new OAuthError('invalid_grant', 'grant request is invalid', {
      detail: 'the code of client X was used',
    })
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      error: 'invalid_grant',
      error_description: 'grant request is invalid',
    })
  })
})
