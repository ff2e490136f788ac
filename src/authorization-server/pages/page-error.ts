/** Errors that a person sees: each names the page text that explains it (views.ts: ErrorKind). */

import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { OAuthError, type OAuthErrorCode } from '../../oauth/errors.js'
import type { Pages } from '../../pages/pages.js'
import { publicProblemOf } from '../../problems/find-problem.js'
import type { ErrorKind, Views } from './views.js'

export class PageError extends OAuthError {
  readonly kind: ErrorKind
  /** The path, below the issuer's, of the page from which the person may go on. */
  readonly again: string | undefined

  constructor(
    kind: ErrorKind,
    code: OAuthErrorCode,
    status: number,
    options: { detail?: string; cause?: unknown; again?: string } = {},
  ) {
    super(code, kind.replaceAll('-', ' '), { ...options, status })
    this.name = 'PageError'
    this.kind = kind
    this.again = options.again
  }
}

function kindOf(error: OAuthError): ErrorKind {
  if (error instanceof PageError) return error.kind
  if (error.status === 404) return 'not-found'
  if (error.status === 421) return 'wrong-host'
  if (error.status === 503) return 'busy'
  return error.status >= 500 ? 'server-error' : 'bad-request'
}

/** Errors between a person and this server, where the code of a client's protocol would only confuse. */
const withoutCode: ReadonlySet<ErrorKind> = new Set([
  'set-up-unavailable',
  'link-ended',
  'invitation-ended',
  'sign-up-ended',
  'form-expired',
])

/** Writes any error as a page. The status was set by the caller. */
export function renderErrorPage(pages: Pages<Views>): (ctx: HttpContext, error: OAuthError) => Promise<void> {
  return async (ctx, error) => {
    const kind = kindOf(error)
    const code = withoutCode.has(kind) ? undefined : error.code
    const problem = publicProblemOf({ error: error.code, description: error.message }) ?? kind
    const again = error instanceof PageError && error.again !== undefined ? publicPath(ctx, error.again) : undefined
    const context = { kind, requestId: ctx.state.event.requestId, code, problem, again }
    pages.send(ctx, 'error', context, error.status)
  }
}
