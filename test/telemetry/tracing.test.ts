/** OpenTelemetry's standard variables, and what leaves for the collector. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { systemClock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import { createHttpBase } from '../../src/http/http.js'
import { createRouteTemplates } from '../../src/telemetry/route-templates.js'
import { startTracing } from '../../src/telemetry/tracing.js'
import { type TracingSettings, tracingSettings } from '../../src/telemetry/tracing-settings.js'
import { listen } from '../support/opened.js'
import { startTraceReceiver } from './trace-receiver.js'

const base = 'http://collector:4318'

describe('The variables of OpenTelemetry', () => {
  it.each<[string, Record<string, string>, TracingSettings | undefined]>([
    ['nothing', {}, undefined],
    ['only a name', { OTEL_SERVICE_NAME: 'auth' }, undefined],
    ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined],
    ['an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: base }, { url: `${base}/v1/traces`, protocol: 'http/protobuf' }],
    [
      'one with a slash',
      { OTEL_EXPORTER_OTLP_ENDPOINT: `${base}/x/` },
      { url: `${base}/x/v1/traces`, protocol: 'http/protobuf' },
    ],
    [
      'one for traces, which is taken as it is',
      { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other/t' },
      { url: 'https://other/t', protocol: 'http/protobuf' },
    ],
    [
      'JSON',
      { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      { url: `${base}/v1/traces`, protocol: 'http/json' },
    ],
    [
      'JSON for traces',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: base,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      },
      { url: `${base}/v1/traces`, protocol: 'http/json' },
    ],
    ['switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_SDK_DISABLED: 'TRUE' }, undefined],
    ['no exporter', { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_TRACES_EXPORTER: 'none' }, undefined],
  ])('%s', (_, environment, expected) => {
    expect(tracingSettings(environment)).toEqual(expected)
  })

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'nowhere' }, /must be an http or https URL/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /must be http\/protobuf or http\/json/,
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_TRACES_SAMPLER: 'sometimes' }, /OTEL_TRACES_SAMPLER must be one of/],
  ])('are refused in one clear line: %j', (environment, message) => {
    expect(() => tracingSettings(environment)).toThrow(message)
  })
})

describe('A traced request', () => {
  const closers: (() => Promise<void>)[] = []
  const given = { ...process.env }
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
    process.env = { ...given }
  })

  async function traced(settings: TracingSettings) {
    const lines: string[] = []
    const log = createLogger('debug', { write: (line) => void lines.push(line) })
    const tracing = await startTracing(settings, log)
    const port = 0
    const app = createHttpBase({
      log,
      clock: systemClock,
      origin: 'http://localhost',
      alsoAnswerHosts: ['traced.example'],
      trustedProxies: [],
      ready: async () => undefined,
      observer: tracing.requests('test', createRouteTemplates(['/hello/:name'])),
    })
    app.use(async (ctx) => {
      if (ctx.path === '/hello/crash') throw new Error('a crash')
      ctx.body = await tracing.within('work', { step: 'one' }, async () => tracing.headers())
    })
    const server = await listen(app, '127.0.0.1', port)
    closers.push(() => server.close(0))
    const ask = async (path: string) => {
      const { request } = await import('node:http')
      return new Promise<string>((resolve, reject) => {
        const headers = { host: 'traced.example' }
        request({ host: '127.0.0.1', port: server.address.port, path, headers }, async (response) => {
          let text = ''
          for await (const chunk of response) text += String(chunk)
          resolve(text)
        })
          .once('error', reject)
          .end()
      })
    }
    return { tracing, ask, lines }
  }

  it('is sent as protobuf by default, under the name the operator gave', async () => {
    process.env['OTEL_SERVICE_NAME'] = 'gatehouse-eu'
    process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'deployment.environment.name=staging'
    const receiver = await startTraceReceiver()
    closers.push(receiver.close)
    const { tracing, ask } = await traced({ url: receiver.url, protocol: 'http/protobuf' })
    await ask('/hello/ada?secret=never-told')
    await tracing.close()
    expect(receiver.bodies.map(({ contentType }) => contentType)).toEqual(['application/x-protobuf'])
    const text = receiver.bodies[0]?.body.toString('latin1') ?? ''
    for (const word of ['gatehouse-eu', 'staging', 'GET /hello/:name', 'work']) expect(text).toContain(word)
    expect(text).not.toMatch(/never-told|ada/)
  })

  it('has its work as a child, hands its trace on, and says when it failed; probes are left out', async () => {
    const receiver = await startTraceReceiver()
    closers.push(receiver.close)
    const { tracing, ask, lines } = await traced({ url: receiver.url, protocol: 'http/json' })
    const handedOn = JSON.parse(await ask('/hello/ada')) as { traceparent: string }
    await ask('/hello/crash')
    await ask('/health/live')
    await tracing.close()
    const [child, server, crashed, ...more] = receiver.spans()
    expect(more).toEqual([])
    expect(child).toMatchObject({ name: 'work', traceId: server?.traceId, parentSpanId: server?.spanId, kind: 3 })
    expect(handedOn.traceparent).toBe(`00-${child?.traceId}-${child?.spanId}-01`)
    expect(server).toMatchObject({ name: 'GET /hello/:name', kind: 2 })
    expect(crashed).toMatchObject({ status: { code: 2 } })
    const line = lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'request')
    expect(line.traceId).toBe(server?.traceId)
  })

  it('is not sent when the sampler says so, and costs its answer nothing when the collector is away', async () => {
    process.env['OTEL_TRACES_SAMPLER'] = 'always_off'
    const receiver = await startTraceReceiver()
    const { tracing, ask } = await traced({ url: receiver.url, protocol: 'http/json' })
    await ask('/hello/ada')
    await tracing.close()
    expect(receiver.bodies).toEqual([])
    await receiver.close()
    process.env['OTEL_TRACES_SAMPLER'] = 'always_on'
    process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '300'
    const away = await traced({ url: receiver.url, protocol: 'http/json' })
    expect(JSON.parse(await away.ask('/hello/ada'))).toHaveProperty('traceparent')
    await away.tracing.close().catch(() => undefined)
    expect(away.lines.some((line) => line.includes('OpenTelemetry'))).toBe(true)
  })
})
