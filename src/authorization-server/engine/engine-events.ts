/** What the engine did with a request: its events, with our types, and how a request failed. */
import type { EventEmitter } from 'node:events'
import type { HttpContext } from '../../http/context.js'
import type { EngineClient, EngineContext, EngineRequest } from './engine-types.js'

/** The engine refused a request. Its answer may be a redirect. */
export interface EngineFailure {
  /** The error code of the answer. */
  readonly error: string
  /** What the answer says, if it says more than the code. */
  readonly description: string | undefined
  /** What the client does not get to see: which check failed. */
  readonly detail: string | undefined
}

/** A token that verifies itself, which the engine neither introspects nor revokes. */
export interface RefusedToken {
  /** Authenticated. */
  readonly client: EngineClient
  /** As it was posted. */
  readonly token: string
}

const failed = new WeakMap<HttpContext, EngineFailure>()
const refusedTokens = new WeakMap<HttpContext, RefusedToken>()

/** How the request ended at the engine; `undefined` if it was not refused there. */
export function failureOf(ctx: HttpContext): EngineFailure | undefined {
  return failed.get(ctx)
}

/**
 * Call after the engine's introspection and revocation endpoints, which authenticate the client and then refuse tokens that verify
 * themselves: the answer is the caller's. `undefined`: the engine's answer stands.
 */
export function refusedToken(ctx: HttpContext): RefusedToken | undefined {
  return refusedTokens.get(ctx)
}

/** Told of each event before the request is answered. The engine does not wait for promises. */
export interface EngineListener {
  failed(ctx: HttpContext, failure: EngineFailure): void
  /** An error that the engine does not know: a `server_error`. */
  broke(ctx: HttpContext, error: Error): void
  /** A grant ended: it was given back, or a code or refresh token was used a second time. */
  grantRevoked(ctx: HttpContext, request: EngineRequest): void
  clientRegistered(ctx: HttpContext, client: EngineClient, isInvited: boolean): void
  clientChanged(ctx: HttpContext, client: EngineClient): void
  clientRemoved(ctx: HttpContext, client: EngineClient): void
  /** The page for a sign-out was answered, by yes or by no. */
  signOutAnswered(ctx: HttpContext, request: EngineRequest): void
}

const failures = [
  'authorization.error',
  'code_verification.error',
  'device_authorization.error',
  'device_resume.error',
  'grant.error',
  'introspection.error',
  'pushed_authorization_request.error',
  'registration_create.error',
  'registration_update.error',
  'registration_read.error',
  'registration_delete.error',
  'revocation.error',
  'userinfo.error',
  'end_session.error',
] as const

/** The engine's context is the one that our middleware made. */
type Context = HttpContext & EngineContext

interface EngineError extends Error {
  readonly error?: string
  readonly error_description?: string
  readonly error_detail?: string
}

/** Only introspection and revocation refuse a token for its kind, once the client has authenticated. */
function refusedTokenOf({ client, params }: EngineRequest, { error }: EngineError): RefusedToken | undefined {
  const token = params?.['token']
  if (error !== 'unsupported_token_type' || client === undefined || typeof token !== 'string') return undefined
  return { client, token }
}

/** Call once for each engine. */
export function listenToEngine(engine: EventEmitter, listener: EngineListener): void {
  const fail = (ctx: HttpContext, error: EngineError): void => {
    const { error: code = error.name, error_description: description, error_detail: detail } = error
    const failure = { error: code, description, detail }
    failed.set(ctx, failure)
    listener.failed(ctx, failure)
  }
  for (const name of failures) {
    engine.on(name, (ctx: Context, error: EngineError) => {
      const refused = refusedTokenOf(ctx.oidc, error)
      if (refused === undefined) fail(ctx, error)
      else refusedTokens.set(ctx, refused)
    })
  }
  engine.on('server_error', (ctx: Context, error: EngineError) => {
    fail(ctx, error)
    listener.broke(ctx, error)
  })
  engine.on('grant.revoked', (ctx: Context) => listener.grantRevoked(ctx, ctx.oidc))
  engine.on('registration_create.success', (ctx: Context, client: EngineClient) => {
    listener.clientRegistered(ctx, client, ctx.oidc.entities.InitialAccessToken !== undefined)
  })
  engine.on('registration_update.success', (ctx: Context, client: EngineClient) => {
    listener.clientChanged(ctx, client)
  })
  engine.on('registration_delete.success', (ctx: Context, client: EngineClient) => {
    listener.clientRemoved(ctx, client)
  })
  engine.on('end_session.success', (ctx: Context) => listener.signOutAnswered(ctx, ctx.oidc))
}
