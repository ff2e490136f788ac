/** What operators see of a life of the product: log lines, audit rows, metrics. Never a secret in any of them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { metricDefinitions } from '../../src/telemetry/metric-definitions.js'
import { startTracing } from '../../src/telemetry/tracing.js'
import { runCli } from '../cli/terminal.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { clientDocument } from '../support/document-host.js'
import { freePort } from '../support/free-port.js'
import { newClient } from '../support/opened.js'
import { type Stack, startStack } from '../support/stack.js'
import { parseExposition, type Series } from './exposition.js'
import { documentUrl, type Journey, live } from './journey.js'
import { alertRules, dashboard, mentionsOf } from './operations-files.js'
import { startTraceReceiver, type TraceReceiver } from './trace-receiver.js'

describeOnPostgres('What operators see', () => {
  let stack: Stack
  let journey: Journey
  let receiver: TraceReceiver
  let metricsUrl: string
  let exposition: string
  let series: readonly Series[]

  const lines = () => stack.logLines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const scrape = async () => (await fetch(metricsUrl)).text()
  const sumOf = (name: string, labels: Readonly<Record<string, string>>) =>
    series
      .filter(
        (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
      )
      .reduce((sum, { value }) => sum + value, 0)

  async function auditRows(): Promise<readonly Record<string, unknown>[]> {
    const client = newClient({ connectionString: stack.settings['DATABASE_URL'] })
    await client.connect()
    return client
      .query('SELECT * FROM audit_events ORDER BY id')
      .then(({ rows }) => rows)
      .finally(() => client.end())
  }

  beforeAll(async () => {
    const port = await freePort()
    metricsUrl = `http://127.0.0.1:${port}/metrics`
    receiver = await startTraceReceiver()
    const silent = createLogger('silent')
    const tracing = await startTracing({ url: receiver.url, protocol: 'http/json' }, silent)
    stack = await startStack({
      database: 'postgresql',
      env: { LOG_LEVEL: 'debug', METRICS_PORT: String(port), API_KEYS: 'true' },
      overrides: {
        untrustedFetch: async () => Response.json(clientDocument(documentUrl)),
        tracing,
      },
    })
    journey = await live(stack)
    // What is traced later is dropped: all that counts has left.
    await tracing.close()
    exposition = await scrape()
    series = parseExposition(exposition)
  })
  afterAll(async () => {
    await stack.close()
    await receiver.close()
  })

  it('holds no secret: not in a log line, an audit row, an error page, a metric or a span', async () => {
    expect(journey.secrets.size).toBeGreaterThan(35)
    const places = {
      log: stack.logLines.join('\n'),
      audit: JSON.stringify(await auditRows()),
      'error pages': journey.errorPages.join('\n'),
      metrics: exposition,
      traces: receiver.bodies.map(({ body }) => body.toString()).join('\n'),
    }
    for (const text of Object.values(places)) expect(text.length).toBeGreaterThan(200)
    const held = Object.entries(places).flatMap(([place, text]) =>
      [...journey.secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => `${name} in ${place}`),
    )
    expect(held).toEqual([])
  })

  it('is one log line for each request, with its client and its person only as a hash, the same at both servers', async () => {
    const requests = lines().filter(({ msg }) => msg === 'request')
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(requests.length)
    for (const line of requests) {
      expect(line).toMatchObject({
        method: expect.any(String),
        path: expect.any(String),
        durationMs: expect.any(Number),
      })
    }
    const of = (path: string, status: number) =>
      requests.find((line) => line['path'] === path && line['status'] === status)
    const { subjectHash } = of('/interaction/:uid/sign-in', 303) ?? {}
    expect(subjectHash).toMatch(/^[\w-]{12}$/)
    for (const [path, status] of [
      ['/token', 200],
      ['/interaction/:uid/consent', 303],
      ['/mcp', 200],
      ['/revoke', 200],
    ] as const) {
      expect([path, of(path, status)]).toEqual([path, expect.objectContaining({ clientId: journey.clientId })])
    }
    for (const [path, status] of [
      ['/token', 200],
      ['/authorize/:uid', 303],
      ['/mcp', 200],
    ] as const) {
      expect([path, of(path, status)]).toEqual([path, expect.objectContaining({ subjectHash })])
    }
    const accountId = (await auditRows()).find(({ type }) => type === 'sign_in.succeeded')?.['account_id']
    const said = stack.logLines.join('\n')
    expect(said).not.toContain(String(accountId))
    expect(said).not.toContain(stack.account.email)
  })

  it('is one log line for each security event, which leads to its request and to its row', async () => {
    const events = lines().filter(({ msg }) => msg === 'security event')
    const rows = (await auditRows()).filter(({ detail }) => (detail as { by?: string }).by !== 'command line')
    expect(events.map(({ event }) => event)).toEqual(rows.map(({ type }) => type))
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining([
        'client.registered',
        'sign_in.failed',
        'consent.allowed',
        'token.revoked',
        'grant.revoked',
      ]),
    )
    const requests = new Set(lines().flatMap(({ msg, requestId }) => (msg === 'request' ? [requestId] : [])))
    expect(events.filter(({ requestId }) => !requests.has(requestId))).toEqual([])
    expect(rows.map(({ detail }) => (detail as { requestId: string }).requestId)).toEqual(
      events.map(({ requestId }) => requestId),
    )
  })

  it('is a span for each request, with its statements and fetches, in the trace that its client began', () => {
    const spans = receiver.spans()
    const requests = spans.filter(({ kind }) => kind === 2)
    const logged = new Set(lines().flatMap(({ msg, traceId }) => (msg === 'request' ? [traceId] : [])))
    expect(requests.length).toBeGreaterThan(30)
    expect(requests.filter(({ traceId }) => !logged.has(traceId))).toEqual([])
    const userinfo = requests.find(({ name }) => name === 'GET /userinfo')
    expect(userinfo).toMatchObject({ traceId: journey.traceId, parentSpanId: '00f067aa0ba902b7' })
    const exchange = requests.find(({ name }) => name === 'POST /token')
    expect(spans.filter(({ parentSpanId }) => parentSpanId === exchange?.spanId).length).toBeGreaterThan(0)
    // The MCP server asks for keys while it serves a tool call: one trace over both servers.
    const keys = requests.find(({ name }) => name === 'GET /jwks')
    expect(requests.filter(({ traceId }) => traceId === keys?.traceId).map(({ name }) => name)).toContain('POST /mcp')
    const attributes = new Set(spans.flatMap((span) => span.attributes.map(({ key }) => key)))
    expect([...attributes].sort()).toEqual([
      'db.namespace',
      'db.query.summary',
      'db.system.name',
      'gatehouse.error',
      'gatehouse.grant_type',
      'gatehouse.mcp.methods',
      'gatehouse.mcp.tools',
      'gatehouse.outcome',
      'gatehouse.request_id',
      'gatehouse.server',
      'http.request.method',
      'http.response.status_code',
      'http.route',
      'server.address',
    ])
  })

  it('is shown to operators by `gatehouse audit list`', async () => {
    const list = async (...args: string[]) => runCli(['audit', 'list', ...args], stack.settings)
    const all = JSON.parse((await list('--json')).stdout) as { type: string; requestId?: string }[]
    expect(all.map(({ type }) => type)).toEqual((await auditRows()).map(({ type }) => type))
    const types = async (...args: string[]) =>
      new Set((JSON.parse((await list('--json', ...args)).stdout) as { type: string }[]).map(({ type }) => type))
    expect(await types('--event', 'consent.allowed')).toEqual(new Set(['consent.allowed']))
    expect(await types('--account', stack.account.email.toUpperCase())).toEqual(
      new Set(['sign_in.succeeded', 'consent.allowed', 'token.revoked', 'grant.revoked']),
    )
    expect(await types('--client', documentUrl, '--since', '1h')).toEqual(new Set(['consent.allowed']))
    expect(await types('--since', '2999-01-01')).toEqual(new Set())
    expect(JSON.parse((await list('--json', '--limit', '2')).stdout)).toEqual(all.slice(-2))
    const { stdout } = await list('--event', 'sign_in.succeeded')
    expect(stdout).toMatch(
      /^AT +EVENT +ACCOUNT +CLIENT +DETAIL\n\S+Z +sign_in.succeeded +ada@example.com .*address=127.0.0.1/,
    )
    for (const wrong of [['--since', 'yesterday'], ['--limit', '0'], ['--since', '1w'], ['extra']]) {
      expect([wrong, (await list(...wrong)).exitCode]).toEqual([wrong, 2])
    }
    expect(await list('--account', 'nobody@example.com')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is no account'),
    })
  })

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['gatehouse_token_requests_total', { grant_type: 'authorization_code', outcome: 'issued', error: '' }, 1],
    [
      'gatehouse_token_requests_total',
      { grant_type: 'authorization_code', outcome: 'refused', error: 'invalid_grant' },
      1,
    ],
    ['gatehouse_token_requests_total', { grant_type: 'refresh_token', outcome: 'issued' }, 1],
    ['gatehouse_token_requests_total', { grant_type: 'refresh_token', outcome: 'repeated' }, 1],
    ['gatehouse_token_requests_total', { grant_type: 'client_credentials', outcome: 'issued' }, 1],
    ['gatehouse_token_requests_total', { grant_type: 'other', outcome: 'refused', error: 'invalid_request' }, 1],
    ['gatehouse_sign_ins_total', { outcome: 'succeeded' }, 1],
    ['gatehouse_sign_ins_total', { outcome: 'wrong-credentials' }, 1],
    ['gatehouse_registrations_total', { outcome: 'created' }, 1],
    ['gatehouse_revocation_requests_total', { outcome: 'accepted' }, 2],
    ['gatehouse_security_events_total', { event: 'consent.allowed' }, 3],
    ['gatehouse_audit_failures_total', {}, 0],
    ['gatehouse_password_hash_duration_seconds_count', { operation: 'verify', outcome: 'ok' }, 2],
    ['gatehouse_client_document_fetch_duration_seconds_count', { outcome: 'ok' }, 1],
    ['gatehouse_mcp_operations_total', { method: 'tools/call', name: 'create_note', outcome: 'ok' }, 1],
    ['gatehouse_mcp_operations_total', { method: 'tools/call', name: 'delete_note', outcome: 'denied' }, 1],
    ['gatehouse_mcp_operations_total', { method: 'tools/call', name: 'unknown' }, 1],
    ['gatehouse_mcp_operations_total', { method: 'tools/list', outcome: 'answered' }, 1],
    ['gatehouse_mcp_refused_tokens_total', { reason: 'no_token' }, 2],
    ['gatehouse_mcp_refused_tokens_total', { reason: 'invalid_token' }, 1],
    ['gatehouse_build_info', {}, 1],
    [
      'http_server_request_duration_seconds_count',
      { server: 'authorization', method: 'POST', route: '/interaction/:uid/consent', status: '303' },
      3,
    ],
    ['http_server_request_duration_seconds_count', { server: 'mcp', method: 'POST', route: '/mcp', status: '403' }, 1],
    [
      'http_server_request_duration_seconds_count',
      { server: 'authorization', method: 'GET', route: 'other', status: '404' },
      1,
    ],
  ])('counts %s %j', (name, labels, count) => {
    expect(series.some((one) => one.name === name)).toBe(true)
    expect(sumOf(name, labels)).toBe(count)
  })

  it('tells of pools, statements, keys and the process', () => {
    for (const database of ['auth', 'mcp']) {
      expect(sumOf('gatehouse_db_connections', { database })).toBeGreaterThan(0)
      expect(sumOf('gatehouse_db_connections_limit', { database })).toBe(10)
      expect(sumOf('gatehouse_db_statement_duration_seconds_count', { database })).toBeGreaterThan(2)
    }
    expect(sumOf('gatehouse_signing_key_age_seconds', { algorithm: 'ES256', status: 'current' })).toBeGreaterThan(0)
    for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds', 'process_open_fds']) {
      expect([name, series.some((one) => one.name === name)]).toEqual([name, true])
    }
  })

  it('has every metric of the table in the scrape, and no other of ours', () => {
    const shown = new Set([...exposition.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ''))
    const ours = [...shown].filter((name) => name.startsWith('gatehouse_') || name.startsWith('http_'))
    expect(ours.sort()).toEqual(Object.keys(metricDefinitions).sort())
  })

  describe('docs/operations', () => {
    /** Labels of Prometheus' own, and of every metric in the scrape. */
    const known = () => {
      const labels = new Map<string, Set<string>>([['up', new Set()]])
      for (const [name, { labels: own }] of Object.entries(metricDefinitions)) labels.set(name, new Set(own))
      for (const [, name = ''] of exposition.matchAll(/^# TYPE (\S+)/gm)) {
        if (!labels.has(name)) labels.set(name, new Set())
      }
      return labels
    }
    const common = ['job', 'instance', 'le']
    const plain = (name: string) => (name in metricDefinitions ? name : name.replace(/_(bucket|sum|count)$/, ''))
    const unknownIn = (expr: string) => {
      const { metrics, labels } = mentionsOf(expr)
      if (metrics.length === 0) return [`nothing in ${expr}`]
      const unknown = metrics.filter((name) => !known().has(plain(name)))
      const allowed = new Set([...common, ...metrics.flatMap((name) => [...(known().get(plain(name)) ?? [])])])
      return [...unknown, ...labels.filter((label) => !allowed.has(label)).map((label) => `${label} in ${expr}`)]
    }

    it('has alerts that name only what is in the scrape', () => {
      const rules = alertRules()
      expect(rules.length).toBeGreaterThan(10)
      expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
      expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([])
      for (const { severity } of rules) expect(['critical', 'warning']).toContain(severity)
    })

    it('has a dashboard that names only what is in the scrape, and shows every metric of ours', () => {
      const { panels } = dashboard()
      const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
      expect(exprs.length).toBeGreaterThan(30)
      expect(exprs.flatMap(unknownIn)).toEqual([])
      const shown = new Set(exprs.flatMap((expr) => mentionsOf(expr).metrics.map(plain)))
      expect(Object.keys(metricDefinitions).filter((name) => !shown.has(name))).toEqual([])
      for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    })

    it('is read in a way that finds what does not exist', () => {
      const wrong =
        'sum by (job, colour) (rate(gatehouse_nothing_total{server="x"}[5m])) / gatehouse_db_waiting{route="y"}'
      expect(unknownIn(wrong)).toEqual([
        'gatehouse_nothing_total',
        `server in ${wrong}`,
        `route in ${wrong}`,
        `colour in ${wrong}`,
      ])
    })
  })

  it('has no label that names a client, a person, an address or what strangers make up, whatever they send', async () => {
    // Statements of the database come and go with what runs in the background.
    const asked = /^(http_|gatehouse_(token|sign|registrations|mcp|rate|security))/
    const count = async () => parseExposition(await scrape()).filter(({ name }) => asked.test(name)).length
    const ask = (path: string, init: RequestInit = {}) => fetch(`${stack.issuer}${path}`, init)
    // One of each kind first: from the second on nothing new may appear.
    const send = async (word: string) => {
      await ask(`/${word}`)
      await ask(`/interaction/${word}`)
      await ask('/token', { method: 'POST', body: new URLSearchParams({ grant_type: word, client_id: word }) })
      await ask('/register', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"${word}": 1}`,
      })
      await ask('/jwks', { method: word === 'first' ? 'REPORT' : 'PURGE' })
      await fetch(stack.resource, { method: 'POST', headers: { authorization: `Bearer ${word}` } })
      await fetch(new URL(`/${word}`, stack.resource))
    }
    await send('first')
    const before = await count()
    for (const word of ['second', 'third', 'fourth']) await send(word)
    expect(await count()).toBe(before)
    const values = parseExposition(await scrape()).flatMap(({ labels }) => Object.values(labels))
    const forbidden = [journey.clientId, documentUrl, stack.account.email, '127.0.0.1', 'stranger', 'second', 'third']
    expect(values.filter((value) => forbidden.some((word) => value.includes(word)))).toEqual([])
  })

  it('answers /metrics and nothing else on that port', async () => {
    const statuses = await Promise.all(
      [
        [metricsUrl, 'HEAD'],
        [metricsUrl, 'POST'],
        [metricsUrl.replace('/metrics', '/'), 'GET'],
        [metricsUrl.replace('/metrics', '/metrics/x'), 'GET'],
      ].map(async ([url = '', method = '']) => (await fetch(url, { method })).status),
    )
    expect(statuses).toEqual([200, 405, 404, 404])
    expect((await fetch(metricsUrl)).headers.get('content-type')).toContain('version=0.0.4')
  })
})
