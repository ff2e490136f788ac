/**
 * Traces by the standard variables of OpenTelemetry. Loaded only if they name an endpoint; otherwise tracing costs nothing. A span has the
 * route, never a path, query, header, body or values of a statement. The OpenTelemetry libraries read the variables that this code does not
 * read.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Logger } from '../base/log.js'
import { version } from '../base/version.js'
import type { HttpContext, HttpMiddleware, RequestEvent } from '../http/context.js'
import { knownMethod } from './route-templates.js'
import type { Tracing, TracingSettings } from './tracing-settings.js'

const propagator = new W3CTraceContextPropagator()

const headerGetter = {
  keys: ({ headers }: HttpContext) => Object.keys(headers),
  get: (ctx: HttpContext, name: string) => ctx.headers[name],
}

/** Attributes of the span, from the fields of the event. */
const told = {
  requestId: 'gatehouse.request_id',
  grantType: 'gatehouse.grant_type',
  outcome: 'gatehouse.outcome',
  error: 'gatehouse.error',
  rpc: 'gatehouse.mcp.methods',
  tool: 'gatehouse.mcp.tools',
} as const satisfies Partial<Record<keyof RequestEvent, string>>

function endRequest(span: Span, { status, state: { event } }: HttpContext): void {
  span.setAttribute('http.response.status_code', status)
  for (const [detail, attribute] of Object.entries(told)) {
    const value = event[detail as keyof typeof told]
    if (value !== undefined) span.setAttribute(attribute, value)
  }
  if (status >= 500) {
    span.setStatus({ code: SpanStatusCode.ERROR })
    span.setAttribute('error.type', String(status))
  }
  span.end()
}

function createRequests(tracer: Tracer, current: AsyncLocalStorage<Context>): Tracing['requests'] {
  return (server, routes): HttpMiddleware =>
    async (ctx, next) => {
      if (ctx.path.startsWith('/health/')) return next()
      const method = knownMethod(ctx.method)
      const attributes = { 'http.request.method': method, 'gatehouse.server': server }
      const parent = propagator.extract(ROOT_CONTEXT, ctx, headerGetter)
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent)
      ctx.state.event.traceId = span.spanContext().traceId
      try {
        await current.run(trace.setSpan(parent, span), next)
      } finally {
        const route = routes(ctx.path)
        span.updateName(`${method} ${route}`)
        span.setAttribute('http.route', route)
        endRequest(span, ctx)
      }
    }
}

function createWithin(tracer: Tracer, current: AsyncLocalStorage<Context>): Tracing['within'] {
  return async (name, attributes, work) => {
    const parent = current.getStore()
    if (parent === undefined || trace.getSpan(parent)?.isRecording() !== true) return work()
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: attributes as Attributes }, parent)
    try {
      return await current.run(trace.setSpan(parent, span), work)
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown')
      throw error
    } finally {
      span.end()
    }
  }
}

async function createExporter({ protocol, url }: TracingSettings) {
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto')
  return new OTLPTraceExporter({ url })
}

/** Starts tracing. Spans that cannot be delivered are dropped with a warning: no request waits for the collector. */
export async function startTracing(settings: TracingSettings, log: Logger): Promise<Tracing> {
  const warn = (message: string) => log.warn({ detail: message.slice(0, 300) }, 'OpenTelemetry')
  const quiet = () => undefined
  diag.setLogger({ error: warn, warn, info: quiet, debug: quiet, verbose: quiet }, { logLevel: DiagLogLevel.WARN })
  const named = resourceFromAttributes({ 'service.name': 'gatehouse', 'service.version': version })
  const provider = new BasicTracerProvider({
    resource: named.merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(await createExporter(settings))],
  })
  const tracer = provider.getTracer('gatehouse', version)
  const current = new AsyncLocalStorage<Context>()
  return {
    requests: createRequests(tracer, current),
    within: createWithin(tracer, current),
    headers: () => {
      const carrier: Record<string, string> = {}
      const context = current.getStore()
      if (context !== undefined) {
        propagator.inject(context, carrier, { set: (to, name, value) => Object.assign(to, { [name]: value }) })
      }
      return carrier
    },
    close: () => provider.shutdown(),
  }
}
