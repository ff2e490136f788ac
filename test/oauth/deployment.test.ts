import { describe, expect, it } from '@jest/globals'
import { routes } from '../../src/authorization-server/routes.js'
import { issuerSegments, legacyEndpointPaths } from '../../src/oauth/deployment.js'

describe('Paths that a resource cannot have', () => {
  it('cover every endpoint of the authorization server', () => {
    const segments = Object.values(routes).map((path) => path.split('/')[1])
    expect(segments.filter((segment) => segment !== undefined && !issuerSegments.includes(segment))).toEqual([])
  })

  it('cover the default endpoints of 2025-03-26, which are where our issuer has them', () => {
    expect(Object.values(routes)).toEqual(expect.arrayContaining(Object.values(legacyEndpointPaths)))
  })
})
