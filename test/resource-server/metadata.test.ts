import { describe, expect, it } from '@jest/globals'
import { SignJWT } from 'jose'
import { describeResource, protectedResourceMetadata, publishDocument } from '../../src/resource-server/metadata.js'
import { descriptionMistakes, type ResourceDescription } from '../../src/resource-server/resource-description.js'
import { bearerMethodsOf } from '../../src/resource-server/token-place.js'
import { createSigningKey } from '../support/token-issuer.js'

const declaration = { resource: 'https://rs.test/mcp', name: 'Notes', advertisedScopes: ['notes:read'] }
const minimal: ResourceDescription = {
  resource: 'https://rs.test/mcp',
  authorizationServers: ['https://issuer.test'],
}

async function signed(claims: Record<string, unknown>): Promise<string> {
  const { privateKey } = await createSigningKey('rs-1')
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'rs-1' }).sign(privateKey)
}

describe('protected resource metadata (RFC 9728)', () => {
  it('says which resource, which issuer, which scopes and how tokens are sent', () => {
    expect(protectedResourceMetadata(declaration, 'https://issuer.test')).toEqual({
      resource: 'https://rs.test/mcp',
      authorization_servers: ['https://issuer.test'],
      scopes_supported: ['notes:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Notes',
    })
  })

  it('is published with an ETag that follows the content, and cached for an hour or as long as told', () => {
    const first = publishDocument({ a: 1 })
    expect(first.etag).toBe(publishDocument({ a: 1 }).etag)
    expect(first.etag).not.toBe(publishDocument({ a: 2 }).etag)
    expect(first.headers).toEqual({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=3600',
      etag: first.etag,
    })
    expect(publishDocument({}, 60).headers['cache-control']).toBe('public, max-age=60')
  })

  it('leaves out what is not said', () => {
    expect(describeResource(minimal)).toEqual({
      resource: 'https://rs.test/mcp',
      authorization_servers: ['https://issuer.test'],
      bearer_methods_supported: ['header'],
    })
    const unsaid = {
      dpopBoundAccessTokensRequired: false,
      tlsClientCertificateBoundAccessTokens: false,
      jwksUri: undefined,
    }
    expect(describeResource({ ...minimal, ...unsaid })).toEqual(describeResource(minimal))
  })

  it('has every member of the specification as a setting, and revocation and introspection besides', async () => {
    const signedMetadata = await signed({ iss: 'https://rs.test', resource: minimal.resource })
    const document = describeResource({
      ...minimal,
      authorizationServers: ['https://issuer.test', 'https://tenant.other.test/'],
      scopesSupported: ['notes:read', 'notes:write'],
      bearerMethodsSupported: bearerMethodsOf({ dangerouslyAcceptTokenInBody: true }),
      resourceName: 'Notes',
      resourceDocumentation: 'https://rs.test/docs',
      resourcePolicyUri: 'https://rs.test/policy#data',
      resourceTosUri: 'https://rs.test/terms',
      translations: { de: { resourceName: 'Notizen' }, 'pt-BR': { resourceTosUri: 'https://rs.test/termos' } },
      jwksUri: 'https://rs.test/jwks',
      resourceSigningAlgValuesSupported: ['ES256'],
      tlsClientCertificateBoundAccessTokens: true,
      authorizationDetailsTypesSupported: ['note'],
      dpopSigningAlgValuesSupported: ['ES256'],
      dpopBoundAccessTokensRequired: true,
      signedMetadata,
      revocationEndpoint: 'https://issuer.test/revoke',
      introspectionEndpoint: 'https://issuer.test/introspect',
    })
    expect(document).toEqual({
      resource: 'https://rs.test/mcp',
      authorization_servers: ['https://issuer.test', 'https://tenant.other.test/'],
      scopes_supported: ['notes:read', 'notes:write'],
      bearer_methods_supported: ['header', 'body'],
      resource_name: 'Notes',
      resource_documentation: 'https://rs.test/docs',
      resource_policy_uri: 'https://rs.test/policy#data',
      resource_tos_uri: 'https://rs.test/terms',
      'resource_name#de': 'Notizen',
      'resource_tos_uri#pt-BR': 'https://rs.test/termos',
      jwks_uri: 'https://rs.test/jwks',
      resource_signing_alg_values_supported: ['ES256'],
      tls_client_certificate_bound_access_tokens: true,
      authorization_details_types_supported: ['note'],
      dpop_signing_alg_values_supported: ['ES256'],
      dpop_bound_access_tokens_required: true,
      signed_metadata: signedMetadata,
      revocation_endpoint: 'https://issuer.test/revoke',
      introspection_endpoint: 'https://issuer.test/introspect',
    })
  })

  it('lets nothing out that is no member, whatever else the object holds', () => {
    const careless = { ...minimal, internalUrl: 'http://auth:3000', clientSecret: 'secret', issuer: 'x' }
    expect(describeResource(careless)).toEqual(describeResource(minimal))
  })
})

describe('mistakes in what a resource says about itself', () => {
  const withTranslation = (tag: string, texts: object) => ({ resourceName: 'Notes', translations: { [tag]: texts } })

  it.each<[string, object]>([
    ['https', { resource: 'http://rs.test/mcp' }],
    ['https', { resource: 'rs.test/mcp' }],
    ['https', { resource: 'https://user:secret@rs.test/mcp' }],
    ['fragment', { resource: 'https://rs.test/mcp#part' }],
    ['must not be empty', { authorizationServers: [] }],
    ['https', { authorizationServers: ['http://issuer.test'] }],
    ['query or fragment', { authorizationServers: ['https://issuer.test?tenant=1'] }],
    ['twice', { authorizationServers: ['https://issuer.test', 'https://issuer.test'] }],
    ['is no scope', { scopesSupported: ['notes read'] }],
    ['is no scope', { scopesSupported: [''] }],
    ['offline_access', { scopesSupported: ['offline_access'] }],
    ['twice', { scopesSupported: ['a', 'a'] }],
    ['must not be empty', { bearerMethodsSupported: [] }],
    ['resourceDocumentation', { resourceDocumentation: 'javascript:alert(1)' }],
    ['resourcePolicyUri', { resourcePolicyUri: '/policy' }],
    ['resourceTosUri', { resourceTosUri: 'https://rs.test/a b' }],
    ['resourceName', { resourceName: ' ' }],
    ['jwksUri', { jwksUri: 'http://rs.test/jwks' }],
    ['revocationEndpoint', { revocationEndpoint: 'http://auth:3000/revoke' }],
    ['introspectionEndpoint', { introspectionEndpoint: 'introspect' }],
    ['none', { resourceSigningAlgValuesSupported: ['ES256', 'none'] }],
    ['asymmetric', { dpopSigningAlgValuesSupported: ['HS256'] }],
    ['language tag', withTranslation('not a tag', { resourceName: 'x' })],
    ['twice', { resourceName: 'N', translations: { de: { resourceName: 'a' }, DE: { resourceName: 'b' } } }],
    ['without a language', withTranslation('de', { resourceTosUri: 'https://rs.test/agb' })],
    ['in de', { resourceTosUri: 'https://rs.test/t', translations: { de: { resourceTosUri: 'ftp://rs.test' } } }],
    ['no JWT', { signedMetadata: 'x.y.z' }],
    ['not signed', { signedMetadata: `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.` }],
  ])('are named, here "%s": %j', (words, change) => {
    expect(descriptionMistakes({ ...minimal, ...change }).join('; ')).toContain(words)
    expect(() => describeResource({ ...minimal, ...change })).toThrow(TypeError)
  })

  it.each([
    ['no iss', { resource: minimal.resource }],
    ['another resource', { iss: 'https://rs.test', resource: 'https://other.test' }],
    ['signed_metadata', { iss: 'https://rs.test', resource: minimal.resource, signed_metadata: 'x' }],
  ])('in signed metadata are named, too: %s', async (words, claims) => {
    expect(descriptionMistakes({ ...minimal, signedMetadata: await signed(claims) }).join()).toContain(words)
  })

  it('are named all at once, and localhost needs no https', () => {
    expect(descriptionMistakes({ resource: 'x', authorizationServers: ['y'], scopesSupported: ['"'] })).toHaveLength(3)
    const local = { resource: 'http://localhost:4000/mcp', authorizationServers: ['http://127.0.0.1:3000'] }
    expect(descriptionMistakes({ ...local, jwksUri: 'http://localhost:4000/jwks' })).toEqual([])
  })
})
