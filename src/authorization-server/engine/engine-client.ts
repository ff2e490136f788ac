/** Client authentication by the engine, for endpoints that are not the engine's. */
import type { Client, KoaContextWithOIDC } from 'oidc-provider'
import type { HttpContext } from '../../http/context.js'

export interface RefusedToken {
  readonly client: Client
  /** As it was posted. */
  readonly token: string
}

/**
 * The engine's introspection and revocation endpoints authenticate the client, in every way that is configured, and then refuse
 * tokens that verify themselves. Call after them: answers who asked, when that refusal is how it ended, and takes the refusal back
 * from the log line. `undefined`: the engine's answer stands.
 */
export function refusedSelfContained(ctx: HttpContext): RefusedToken | undefined {
  const { event } = ctx.state
  if (event['error'] !== 'unsupported_token_type') return undefined
  const { client, params } = (ctx as unknown as KoaContextWithOIDC).oidc
  const token = params?.['token']
  if (client === undefined || typeof token !== 'string') return undefined
  delete event['error']
  delete event['errorDetail']
  return { client, token }
}
