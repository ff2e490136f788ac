/** Pages the engine asks for: authorization errors that must not redirect, sign-out, signed out, the device flow's. */
import type { HttpContext } from '../../http/context.js'
import type { Pages } from '../../pages/pages.js'
import { createDevicePages, type DevicePages } from '../device/pages.js'
import { createPostForm, type PostForm } from '../endpoints/form-post.js'
import type { ErrorKind, Views } from '../pages/views.js'
import { formToken } from './engine-context.js'
import { ClientRefused, ClientUnavailable, isSessionNotFound } from './engine-errors.js'
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
    event.error = code
    // The engine's event has said more already (events.ts).
    event.errorDetail ??= error.message
    pages.send(ctx, 'error', { kind: kindOf(error, code), requestId: event.requestId, code }, ctx.status)
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
