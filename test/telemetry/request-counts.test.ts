/** What an answered request adds to the counters, and under which route. */
import { describe, expect, it } from '@jest/globals'
import { observedAuthorizationServer } from '../../src/authorization-server/request-counts.js'
import { observedMcpServer } from '../../src/mcp-host/request-counts.js'
import { createMetrics } from '../../src/telemetry/metrics.js'
import { createRouteTemplates, knownMethod } from '../../src/telemetry/route-templates.js'
import { parseExposition } from './exposition.js'

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'

describe('The authorization server', () => {
  const counted = (method: string, path: string, status: number, event: Readonly<Record<string, unknown>> = {}) =>
    observedAuthorizationServer.countRequest({
      method,
      route: observedAuthorizationServer.routes(path),
      status,
      event: { requestId: 'r', ...event },
    })

  it.each<[Readonly<Record<string, unknown>>, number, Readonly<Record<string, string>>]>([
    [{ grantType: 'refresh_token', outcome: 'committed' }, 200, { outcome: 'issued', error: '' }],
    [{ grantType: 'refresh_token', outcome: 'successor' }, 200, { outcome: 'repeated', error: '' }],
    [
      { grantType: 'refresh_token', outcome: 'replayed', error: 'invalid_grant' },
      400,
      { outcome: 'replayed', error: 'invalid_grant' },
    ],
    [
      { grantType: 'refresh_token', outcome: 'lost', error: 'invalid_grant' },
      400,
      { outcome: 'refused', error: 'invalid_grant' },
    ],
    [
      { grantType: deviceCode, error: 'authorization_pending' },
      400,
      { outcome: 'refused', error: 'authorization_pending' },
    ],
    [
      { grantType: 'client_credentials', error: 'invalid_client' },
      401,
      { outcome: 'refused', error: 'invalid_client' },
    ],
    [{ error: 'temporarily_unavailable' }, 429, { grant_type: 'other', outcome: 'limited' }],
    [{ error: 'temporarily_unavailable' }, 503, { outcome: 'failed', error: 'temporarily_unavailable' }],
    [
      { grantType: 'made up', error: 'made up as well' },
      400,
      { grant_type: 'other', outcome: 'refused', error: 'other' },
    ],
    [{}, 400, { grant_type: 'other', outcome: 'refused', error: 'other' }],
  ])('counts a token request of %j with %d as %j', (event, status, labels) => {
    expect(counted('POST', '/token', status, event)).toEqual([
      ['gatehouse_token_requests_total', expect.objectContaining(labels)],
    ])
  })

  it.each<[number, unknown, string]>([
    [303, 'succeeded', 'succeeded'],
    [401, 'wrong-credentials', 'wrong-credentials'],
    [429, 'too-many-attempts', 'too-many-attempts'],
    [503, 'busy', 'busy'],
    [403, undefined, 'refused'],
    [500, undefined, 'failed'],
    [429, 'a word of somebody', 'limited'],
  ])('counts a sign-in with %d and %s as %s', (status, outcome, label) => {
    expect(counted('POST', '/interaction/abc/sign-in', status, { outcome })).toEqual([
      ['gatehouse_sign_ins_total', { outcome: label }],
    ])
    expect(counted('GET', '/interaction/abc/sign-in', status, { outcome })).toEqual([])
  })

  it.each<[string, number, unknown, string, Readonly<Record<string, string>>]>([
    ['/register', 201, undefined, 'gatehouse_registrations_total', { outcome: 'created', error: '' }],
    [
      '/register',
      400,
      'invalid_redirect_uri',
      'gatehouse_registrations_total',
      { outcome: 'refused', error: 'invalid_redirect_uri' },
    ],
    [
      '/register',
      429,
      'temporarily_unavailable',
      'gatehouse_registrations_total',
      { outcome: 'limited', error: 'temporarily_unavailable' },
    ],
    ['/revoke', 200, undefined, 'gatehouse_revocation_requests_total', { outcome: 'accepted' }],
    ['/revoke', 401, 'invalid_client', 'gatehouse_revocation_requests_total', { outcome: 'refused' }],
  ])('counts POST %s with %d and %s', (path, status, error, name, labels) => {
    expect(counted('POST', path, status, { error })).toEqual([[name, labels]])
  })

  it.each([
    ['/authorize/8f3k', '/authorize/:uid'],
    ['/device/8f3k', '/device/:uid'],
    ['/device/authorize', '/device/authorize'],
    ['/register/some-client', '/register/:client_id'],
    ['/interaction/8f3k/consent', '/interaction/:uid/consent'],
    ['/interaction/8f3k/elsewhere', 'other'],
    ['/interaction/', 'other'],
    ['/logout/confirm', '/logout/confirm'],
    ['/TOKEN', 'other'],
    ['/', '/'],
    ['', 'other'],
    [`/${'a/'.repeat(9_000)}`, 'other'],
    ['/constructor', 'other'],
    ['/__proto__', 'other'],
  ])('knows %s as the route %s', (path, route) => {
    expect(observedAuthorizationServer.routes(path)).toBe(route)
  })
})

describe('The MCP server', () => {
  const { routes, countRequest } = observedMcpServer(['https://notes.example/v2/mcp', 'https://old.example/mcp'])
  const counted = (status: number, event: Readonly<Record<string, unknown>>) =>
    countRequest({ method: 'POST', route: '/mcp', status, event: { requestId: 'r', ...event } })

  it.each<[Readonly<Record<string, unknown>>, number, readonly (readonly [string, string, string])[]]>([
    [
      { rpc: 'tools/call', tool: 'create_note', decision: 'allow', outcome: 'ok' },
      200,
      [['tools/call', 'create_note', 'ok']],
    ],
    [{ rpc: 'tools/call', tool: 'create_note', outcome: 'failed' }, 200, [['tools/call', 'create_note', 'failed']]],
    [{ rpc: 'tools/call', tool: 'unknown', reason: 'hidden' }, 200, [['tools/call', 'unknown', 'hidden']]],
    [{ rpc: 'tools/call', tool: 'x', decision: 'deny', reason: 'rate_limited' }, 429, [['tools/call', 'x', 'limited']]],
    [
      { rpc: 'tools/call', tool: 'x', decision: 'deny', reason: 'insufficient_scope' },
      403,
      [['tools/call', 'x', 'denied']],
    ],
    [{ rpc: 'prompts/get', prompt: 'p' }, 200, [['prompts/get', 'p', 'answered']]],
    [
      { rpc: 'ping tools/call', tool: 'x y', outcome: 'ok' },
      200,
      [
        ['ping', '', 'ok'],
        ['tools/call', 'x', 'ok'],
        ['tools/call', 'y', 'ok'],
      ],
    ],
    [{ rpc: 'resources/read', resource: 'https://anything.example/1' }, 500, [['resources/read', '', 'failed']]],
  ])('counts %j with %d', (event, status, operations) => {
    expect(counted(status, event)).toEqual(
      operations.map(([method, name, outcome]) => ['gatehouse_mcp_operations_total', { method, name, outcome }]),
    )
  })

  it.each([
    ['no_token', 'no_token'],
    ['invalid_token', 'invalid_token'],
    ['something else', 'other'],
  ])('counts a token refused for %s as %s', (error, reason) => {
    expect(counted(401, { decision: 'deny', error })).toEqual([['gatehouse_mcp_refused_tokens_total', { reason }]])
  })

  it('counts nothing more of pages and documents, and knows both addresses', () => {
    expect(counted(200, {})).toEqual([])
    expect(['/v2/mcp', '/mcp', '/.well-known/oauth-protected-resource/v2/mcp', '/token', '/x'].map(routes)).toEqual([
      '/v2/mcp',
      '/mcp',
      '/.well-known/oauth-protected-resource/v2/mcp',
      '/token',
      'other',
    ])
  })
})

describe('A scrape', () => {
  it('leaves out what cannot be read, or not in time, and has all else', async () => {
    const metrics = createMetrics(20)
    const labels = { algorithm: 'ES256', status: 'current' }
    metrics.collect('gatehouse_build_info', async () => [{ labels: { version: '1' }, value: 1 }])
    metrics.collect('gatehouse_signing_key_age_seconds', async () => Promise.reject(new Error('the database is away')))
    metrics.collect('gatehouse_signing_key_age_seconds', async () => [{ labels, value: 5 }])
    metrics.collect('gatehouse_db_waiting', () => new Promise(() => undefined))
    const series = parseExposition((await metrics.exposition()).text)
    const named = (name: string) => series.filter((one) => one.name === name)
    expect(named('gatehouse_build_info')).toEqual([
      { name: 'gatehouse_build_info', labels: { version: '1' }, value: 1 },
    ])
    expect(named('gatehouse_signing_key_age_seconds')).toEqual([
      { name: 'gatehouse_signing_key_age_seconds', labels, value: 5 },
    ])
    expect(named('gatehouse_db_waiting')).toEqual([])
    expect(named('gatehouse_audit_failures_total')).toHaveLength(1)
  })

  it('has few methods and patterns', () => {
    expect(['GET', 'POST', 'PROPFIND', 'get', 'M-SEARCH'].map(knownMethod)).toEqual([
      'GET',
      'POST',
      'other',
      'other',
      'other',
    ])
    const routes = createRouteTemplates(['/a/:b', '/a/:b/c', '/a/fixed'])
    expect(['/a/1', '/a/fixed', '/a/1/c', '/a/1/d', '/a/', '/a'].map(routes)).toEqual([
      '/a/:b',
      '/a/fixed',
      '/a/:b/c',
      'other',
      'other',
      'other',
    ])
  })
})
