import { describe, expect, it } from '@jest/globals'
import { parseConfig } from '../../src/config/config.js'
import { mistakesOf, noFiles } from './config-mistakes.js'

describe('Settings: ports', () => {
  it.each([
    [{ ISSUER_URL: 'https://auth.example.com', RESOURCE_URL: 'https://mcp.example.com/mcp' }, 443, 443],
    [{ ISSUER_URL: 'http://localhost:3100', RESOURCE_URL: 'http://127.0.0.1:4100/mcp' }, 3100, 4100],
    [{ ISSUER_URL: 'https://auth.example.com', AUTH_PORT: '8080', MCP_PORT: '0' }, 8080, 0],
  ])('of %j', (environment, authPort, mcpPort) => {
    expect(parseConfig(environment, noFiles)).toMatchObject({ authPort, mcpPort })
  })

  it.each([
    [{ METRICS_PORT: '3000' }],
    [{ METRICS_PORT: '4000' }],
    [{ METRICS_PORT: '9464', AUTH_PORT: '9464' }],
    [{ METRICS_PORT: '443', ISSUER_URL: 'https://auth.example.com', RESOURCE_URL: 'https://mcp.example.com/mcp' }],
  ])('of metrics are their own: %j', (environment) => {
    expect(mistakesOf(environment)).toEqual(['METRICS_PORT must differ from the ports of the servers'])
  })
})

describe('Settings: one origin for both servers', () => {
  const issuer = 'https://example.com'
  const tenant = 'https://example.com/auth'

  it.each([
    [issuer, 'https://example.com/mcp'],
    [tenant, 'https://example.com/mcp'],
    [tenant, 'https://example.com/auth/mcp'],
    [issuer, 'https://mcp.example.com/device'],
    ['https://example.com/mcp/auth', 'https://example.com/mcp'],
  ])('issuer %s and resource %s go together', (ISSUER_URL, RESOURCE_URL) => {
    expect(mistakesOf({ ISSUER_URL, RESOURCE_URL })).toEqual([])
    expect(mistakesOf({ ISSUER_URL, RESOURCE_ALIASES: RESOURCE_URL })).toEqual([])
  })

  it.each([
    [tenant, tenant],
    [issuer, 'https://example.com/token'],
    [issuer, 'https://example.com/interaction/x'],
    [issuer, 'https://example.com/device'],
    [issuer, 'https://example.com/health/live'],
    [tenant, 'https://example.com/auth/jwks'],
    [issuer, 'https://mcp.example.com/authorize'],
    [issuer, 'https://mcp.example.com/.well-known/mcp'],
    [issuer, 'https://mcp.example.com/assets/mcp'],
  ])('issuer %s and resource %s do not, and that is said', (ISSUER_URL, RESOURCE_URL) => {
    expect(mistakesOf({ ISSUER_URL, RESOURCE_URL })).toEqual([expect.stringMatching(/^RESOURCE_URL (cannot|must) /)])
    expect(mistakesOf({ ISSUER_URL, RESOURCE_ALIASES: RESOURCE_URL })).toEqual([
      expect.stringMatching(/^RESOURCE_ALIASES (cannot|must) /),
    ])
  })
})
