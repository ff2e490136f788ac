/**
 * Checks of a request's headers before its token: Host, Origin and protocol revision (MCP Streamable HTTP, "security", "protocol version
 * header").
 */

import { OAuthError } from '../oauth/errors.js'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { canParseUrl } from '../oauth/url.js'
import { createOriginList } from '../oauth/web-origin.js'
import { errorRefusal } from './answer.js'
import type { Refusal } from './bearer.js'

/** Every published revision of MCP that has a Streamable HTTP transport, the newest first. */
export const protocolRevisions: readonly string[] = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26']

export interface RequestChecks {
  /** Accepted values of Host, with the port unless it is the scheme's default. Absent: any. */
  readonly hosts?: readonly string[]
  /**
   * Origins of pages that may call, besides pages on loopback: exact, or `scheme://*` for programs whose host is random, such as
   * `vscode-webview://*` (never http or https). Absent: none.
   */
  readonly origins?: readonly string[]
  /** Accepted values of MCP-Protocol-Version. Default: `protocolRevisions`. */
  readonly revisions?: readonly string[]
}

/** Header values; `undefined` or '' if absent. */
export interface CheckedHeaders {
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly protocolVersion: string | undefined
}

/** In the spelling of browsers (RFC 6454 §6.1): nothing before the host, nothing after the port. */
function isLoopbackOrigin(origin: string): boolean {
  if (!canParseUrl(origin)) return false
  const url = new URL(origin)
  return url.origin === origin && /^https?:$/.test(url.protocol) && isLoopbackHost(url.hostname)
}

/**
 * Whether a page of this origin may call, which stops DNS rebinding: one of `allowed` (see `RequestChecks`), or a page on loopback. A
 * request without Origin does not come from a page. `null`, which any sandboxed page can send, is never allowed.
 */
export function originChecker(allowed: readonly string[]): (origin: string | undefined) => boolean {
  const isAllowed = createOriginList(allowed)
  return (given) => {
    const origin = given?.toLowerCase() ?? ''
    return origin === '' || isAllowed(origin) || isLoopbackOrigin(origin)
  }
}

/** The refusal of a page that may not call (MCP Streamable HTTP: "must be 403"). */
export function foreignOrigin(): OAuthError {
  return new OAuthError('access_denied', 'pages of this origin may not call this server', {
    detail: 'Origin header is not on the list',
  })
}

/** Clients tell protocol eras apart by the body of a 400, so this one is JSON-RPC (MCP 2026-07-28, -32022). */
function unknownRevision(requested: string, supported: readonly string[]): Refusal {
  const error = new OAuthError('invalid_request', 'this protocol revision is not supported', {
    detail: 'MCP-Protocol-Version is not on the list',
  })
  const data = { supported, ...(/^[\w.-]{1,32}$/.test(requested) && { requested }) }
  return {
    status: error.status,
    headers: { 'cache-control': 'no-store' },
    body: { jsonrpc: '2.0', error: { code: -32022, message: 'Unsupported protocol version', data }, id: null },
    error,
  }
}

/**
 * Compiles the checks into a function that returns the refusal, or `undefined` for a request whose token may be checked next. A request
 * without a protocol version passes: revision 2025-03-26 has no such header.
 */
export function createRequestChecks(checks: RequestChecks): (headers: CheckedHeaders) => Refusal | undefined {
  const hosts = checks.hosts && new Set(checks.hosts.map((host) => host.toLowerCase()))
  const mayCall = originChecker(checks.origins ?? [])
  const revisions = checks.revisions ?? protocolRevisions
  return ({ host, origin, protocolVersion }) => {
    if (hosts !== undefined && !hosts.has(host?.toLowerCase() ?? '')) {
      const error = new OAuthError('invalid_request', 'this server does not serve that host', { status: 421 })
      return errorRefusal(error)
    }
    if (!mayCall(origin)) return errorRefusal(foreignOrigin())
    const revision = protocolVersion?.trim() ?? ''
    return revision === '' || revisions.includes(revision) ? undefined : unknownRevision(revision, revisions)
  }
}
