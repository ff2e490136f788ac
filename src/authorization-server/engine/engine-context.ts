/** The one look at the engine's context of a request: from a middleware's context, or from within the engine's work on it. */
import { type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { HttpContext } from '../../http/context.js'
import type { EngineClient, EngineRequest } from './engine-types.js'

/** The engine's context is the one that our middleware made: it carries our state. */
export function ourContext(ctx: KoaContextWithOIDC): HttpContext {
  return ctx as unknown as HttpContext
}

/** The request as the engine sees it; `undefined` as long as none of its endpoints was reached. */
export function engineRequest(ctx: HttpContext): EngineRequest | undefined {
  return (ctx as unknown as Partial<KoaContextWithOIDC>).oidc
}

/** The client that the engine found out for the request. */
export function clientOf(ctx: HttpContext): EngineClient | undefined {
  return engineRequest(ctx)?.client
}

/** The request that the engine is working on; `undefined` outside of one. */
export function currentRequest(): EngineRequest | undefined {
  return Provider.ctx?.oidc
}

/** The same, as our middleware knows it. */
export function currentContext(): HttpContext | undefined {
  const { ctx } = Provider
  return ctx === undefined ? undefined : ourContext(ctx)
}

/** The token that the engine expects in the form of its page: it belongs to the browser's session. */
export function formToken({ session }: EngineRequest): string {
  const secret = session?.state?.['secret']
  return typeof secret === 'string' ? secret : ''
}

/** Leaves the browser's session as it is stored, whatever the engine did to it for this request. */
export function leaveSessionAsStored({ session }: EngineRequest): void {
  Object.assign(session ?? {}, { touched: false })
}
