/** Pages the engine asks for: authorization errors that must not redirect, sign-out, signed out, the device flow's. */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { HttpContext } from '../../http/context.js'
import type { Pages } from '../../pages/pages.js'
import { ClientRefused, ClientUnavailable } from '../clients/client-lookup.js'
import { createDevicePages } from '../device/pages.js'
import { createPostForm } from '../endpoints/form-post.js'
import type { ErrorKind, Views } from '../pages/views.js'
import type { EnginePages } from './provider.js'

/** The engine's context is the one our middleware made: it carries our state. */
function ours(ctx: KoaContextWithOIDC): HttpContext {
  return ctx as unknown as HttpContext
}

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
  return error.name === 'SessionNotFound' ? 'interaction-expired' : (kinds[code] ?? 'bad-request')
}

export function createEnginePages(pages: Pages<Views>): EnginePages {
  const renderError: NonNullable<Configuration['renderError']> = async (ctx, out, error) => {
    const { event } = ours(ctx).state
    event['error'] = out.error
    // The engine's event has said more already (events.ts).
    event['errorDetail'] ??= error.message
    const context = { kind: kindOf(error, out.error), requestId: event.requestId, code: out.error }
    pages.send(ours(ctx), 'error', context, ctx.status)
  }
  return {
    renderError,
    device: createDevicePages(pages, renderError),
    postForm: createPostForm(pages),
    logoutSource: (ctx, _form) => {
      const secret = ctx.oidc.session?.state?.['secret']
      pages.send(ours(ctx), 'sign-out', {
        clientName: ctx.oidc.client?.clientName,
        action: ctx.oidc.urlFor('end_session_confirm'),
        fields: { xsrf: typeof secret === 'string' ? secret : '' },
        confirm: { name: 'logout', value: 'yes' },
      })
    },
    postLogoutSuccessSource: (ctx) => pages.send(ours(ctx), 'signed-out', { hasStayed: false }),
  }
}
