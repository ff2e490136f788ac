import { describe, expect, it } from '@jest/globals'
import { routes } from '../../src/authorization-server/routes.js'
import { deploymentMistakes, issuerSegments, legacyEndpointPaths } from '../../src/oauth/deployment.js'

describe('Paths that a resource cannot have', () => {
  it('cover every endpoint of the authorization server', () => {
    const segments = Object.values(routes).map((path) => path.split('/')[1])
    expect(segments.filter((segment) => segment !== undefined && !issuerSegments.includes(segment))).toEqual([])
  })

  it('cover the default endpoints of 2025-03-26, which are where our issuer has them', () => {
    expect(Object.values(routes)).toEqual(expect.arrayContaining(Object.values(legacyEndpointPaths)))
  })
})

const issuer = 'https://mcp.example.com/auth'
const mistakesOf = (resource: string, ...aliases: string[]) => deploymentMistakes({ issuer, resource, aliases })

describe('The URL of a resource', () => {
  it.each([
    'https://mcp.example.com/mcp',
    'https://mcp.example.com/revocations',
    'https://mcp.example.com/auth-server/device',
    'https://mcp.example.com/auth/mcp',
    'https://other.example.com/auth/device',
  ])('may be %s beside the issuer', (url) => {
    expect(mistakesOf(url)).toEqual([])
  })

  it.each([
    ...['authorize', 'backchannel', 'device', 'interaction', 'introspect', 'jwks', 'logout', 'par', 'register'],
    ...['revocations', 'revoke', 'setup', 'token', 'userinfo', 'assets', 'health', '.well-known'],
  ])('cannot be the %s of the issuer', (segment) => {
    const url = `${issuer}/${segment}`
    const message = `${url}: that path is needed otherwise, choose one such as /mcp`
    expect(mistakesOf(url, `${url}/mcp`)).toEqual([
      `RESOURCE_URL cannot be ${message}`,
      `RESOURCE_ALIASES cannot be ${message.replace(url, `${url}/mcp`)}`,
    ])
  })

  it.each(['authorize', 'token', 'register', 'revoke', 'assets', 'health', '.well-known'])(
    'cannot be /%s at the root, where every server or an old client has it',
    (segment) => {
      expect(mistakesOf(`https://mcp.example.com/${segment}`)).toHaveLength(1)
    },
  )

  it('cannot be the issuer', () => {
    expect(mistakesOf(issuer)).toEqual([`RESOURCE_URL must differ from ISSUER_URL: ${issuer} is both`])
  })
})
