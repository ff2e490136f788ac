/** Pages the engine asks for: authorization errors that must not redirect, sign-out, signed out, the device flow's. */
import type { HttpContext } from '../../http/context.js'
import { noteError } from '../../http/noted-error.js'
import type { Pages } from '../../pages/pages.js'
import { publicProblemOf } from '../../problems/find-problem.js'
import { createDevicePages, type DevicePages } from '../device/pages.js'
import { createPostForm, type PostForm } from '../endpoints/form-post.js'
import type { ErrorKind, Views } from '../pages/views.js'
import { formToken } from './engine-context.js'
import { ClientRefused, ClientUnavailable, isSessionNotFound } from './engine-errors.js'
import { failureOf } from './engine-events.js'
import type { EngineRequest } from './engine-types.js'

const kinds: Readonly<Record<string, ErrorKind>> = {
  invalid_client: 'unknown-client',
  invalid_redirect_uri: 'bad-redirect',
  invalid_target: 'unknown-resource',
  access_denied: 'access-denied',
  temporarily_unavailable: 'busy',
  server_error: 'server-error',
}

function kindOf(error: Error, code: string): ErrorKind {
  if (error instanceof ClientUnavailable) return 'client-unavailable'
  if (error instanceof ClientRefused) return 'client-refused'
  return isSessionNotFound(error) ? 'interaction-expired' : (kinds[code] ?? 'bad-request')
}

function descriptionOf(error: Error): string | undefined {
  return 'error_description' in error && typeof error.error_description === 'string'
    ? error.error_description
    : undefined
}

export interface EnginePages {
  /** `code`: what a client would be answered. */
  renderError(ctx: HttpContext, code: string, error: Error): void
  signOut(ctx: HttpContext, request: EngineRequest): void
  signedOut(ctx: HttpContext): void
  readonly device: DevicePages
  readonly postForm: PostForm
}

export function createEnginePages(pages: Pages<Views>): EnginePages {
  const renderError: EnginePages['renderError'] = (ctx, code, error) => {
    const { event } = ctx.state
    const failure = { error: code, description: descriptionOf(error) }
    // The engine's event may have said more already.
    noteError(event, { ...failure, detail: failureOf(ctx)?.detail ?? error.message })
    const kind = kindOf(error, code)
    const problem = publicProblemOf(failure) ?? kind
    pages.send(ctx, 'error', { kind, requestId: event.requestId, code, problem }, ctx.status)
  }
  return {
    renderError,
    device: createDevicePages(pages, renderError),
    postForm: createPostForm(pages),
    signOut: (ctx, request) => {
      pages.send(ctx, 'sign-out', {
        clientName: request.client?.clientName,
        action: request.urlFor('end_session_confirm'),
        fields: { xsrf: formToken(request) },
        confirm: { name: 'logout', value: 'yes' },
      })
    },
    signedOut: (ctx) => pages.send(ctx, 'signed-out', { hasStayed: false }),
  }
}
