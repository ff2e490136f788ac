import { describe, expect, it } from '@jest/globals'
import { protectedResourceMetadata, publishDocument } from '../../src/resource-server/index.js'

const declaration = { resource: 'https://rs.test/mcp', name: 'Notes', advertisedScopes: ['notes:read'] }

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

  it('is published with an ETag that follows the content, and cached for an hour', () => {
    const first = publishDocument({ a: 1 })
    expect(first.etag).toBe(publishDocument({ a: 1 }).etag)
    expect(first.etag).not.toBe(publishDocument({ a: 2 }).etag)
    expect(first.headers).toEqual({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=3600',
      etag: first.etag,
    })
  })
})
