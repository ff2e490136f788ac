/** Reads the standard OpenTelemetry variables that decide whether traces are sent, and where. Pure. */

import type { HttpMiddleware } from '../http/context.js'
import { canParseUrl } from '../oauth/url.js'
import type { RouteTemplates } from './route-templates.js'

export interface Tracing {
  /** Middleware: a span for each request, which continues the client's trace (W3C Trace Context). */
  requests(server: string, routes: RouteTemplates): HttpMiddleware
  /**
   * Runs `work` in a span of the current request; outside of a request just `work`. Attributes must not contain secrets or text from
   * strangers.
   */
  within<T>(name: string, attributes: Readonly<Record<string, string | number>>, work: () => Promise<T>): Promise<T>
  /** Headers by which another server of this program continues the current trace. */
  headers(): Readonly<Record<string, string>>
  /** Sends the remaining spans. */
  close(): Promise<void>
}

export interface TracingSettings {
  /** The endpoint for spans. */
  readonly url: string
  readonly protocol: 'http/protobuf' | 'http/json'
}

type Environment = Readonly<Record<string, string | undefined>>

const samplers: ReadonlySet<string> = new Set([
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
])

function given(environment: Environment, name: string): string | undefined {
  const text = environment[name]?.trim()
  return text === '' ? undefined : text
}

function isSwitchedOff(environment: Environment): boolean {
  return (
    given(environment, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true' ||
    given(environment, 'OTEL_TRACES_EXPORTER')?.toLowerCase() === 'none'
  )
}

function endpoint(environment: Environment): string | undefined {
  const ofTraces = given(environment, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  if (ofTraces !== undefined) return ofTraces
  const base = given(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  return base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`
}

function isWebAddress(url: string): boolean {
  return canParseUrl(url) && /^https?:/i.test(url)
}

/**
 * The destination of traces, or `undefined` if none is configured. Throws a one-line error for a value that would otherwise be silently
 * ignored.
 */
export function tracingSettings(environment: Environment): TracingSettings | undefined {
  const url = endpoint(environment)
  if (url === undefined || isSwitchedOff(environment)) return undefined
  if (!isWebAddress(url)) throw new Error('OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL')
  const sampler = given(environment, 'OTEL_TRACES_SAMPLER')
  if (sampler !== undefined && !samplers.has(sampler)) {
    throw new Error(`OTEL_TRACES_SAMPLER must be one of ${[...samplers].join(', ')}`)
  }
  const protocol =
    given(environment, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ??
    given(environment, 'OTEL_EXPORTER_OTLP_PROTOCOL') ??
    'http/protobuf'
  if (protocol !== 'http/protobuf' && protocol !== 'http/json') {
    throw new Error('OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json')
  }
  return { url, protocol }
}
