/**
 * Each token request as one unit of work: the engine decides, then everything it wrote is committed in one statement. What
 * the commit finds (someone else was first, or this is a repeated refresh) becomes the answer.
 */
import type { HttpContext } from '../../http/context.js'
import { noteError } from '../../http/noted-error.js'
import { grantTypeNamed } from '../../oauth/grant-types.js'
import { formatScope, parseScope } from '../../oauth/scope.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { PresentedCredential } from '../../storage/grants/credential.js'
import { revokeGrant } from '../../storage/grants/grants.js'
import { TokenReader } from '../../storage/grants/token-reader.js'
import type { Storage } from '../../storage/storage.js'
import { UnitOfWork } from '../../storage/unit-of-work.js'
import { engineRequest } from '../engine/engine-context.js'
import { refusedToken } from '../engine/engine-events.js'
import type { TokenGate } from '../limits/usage-limits.js'
import type { Resources } from '../resources/resources.js'
import { routes } from '../routes.js'
import type { UnitKind } from '../units-of-work.js'
import { formParametersOf } from './parameters.js'
import type { IntrospectSelfContained } from './self-contained-introspection.js'
import { carriedScopes } from './token-scopes.js'

function isTokenResponse(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && 'access_token' in body
}

/** The code or refresh token in the request, so that it can be read together with the client. */
function presentedCredential(parameters: URLSearchParams | undefined): PresentedCredential | undefined {
  const redeemed = grantTypeNamed(parameters?.get('grant_type'))?.redeems
  const value = redeemed && parameters?.get(redeemed.parameter)
  return redeemed && value ? { model: redeemed.model, value } : undefined
}

/** Ends the family of a credential that was used twice: the engine sees only uses one after the other, not those at once. */
async function endFamily(storage: Storage, audit: AuditTrail, grantId: string, { state }: HttpContext): Promise<void> {
  const holder = await revokeGrant(storage, grantId)
  if (holder !== undefined)
    await audit.record({ type: 'grant.revoked', ...holder, detail: { reason: 'reuse' } }, state.event)
}

/** As the engine says it: which of several reasons it was is not for the client. */
function refuseGrant(ctx: HttpContext, detail?: string): void {
  const [error, description] = ['invalid_grant', 'grant request is invalid']
  noteError(ctx.state.event, { error, description, detail })
  ctx.status = 400
  ctx.body = { error, error_description: description }
}

/** Requests to the token endpoint. Only a successful answer is committed: a refused request consumes nothing. */
export function tokenRequests(storage: Storage, audit: AuditTrail, isTooMuch: TokenGate): UnitKind {
  return {
    open: (ctx) => {
      if (ctx.path !== routes.token || ctx.method !== 'POST') return undefined
      const reader = new TokenReader(storage, {
        presented: presentedCredential(formParametersOf(ctx)),
        reissueEvent: (parties) => audit.event({ type: 'refresh.reissued', ...parties }, ctx.state.event),
      })
      return new UnitOfWork(storage, reader)
    },
    close: async (ctx, unit) => {
      if (ctx.status !== 200 || !isTokenResponse(ctx.body)) return
      if (isTooMuch(ctx)) return
      const outcome = await unit.commit()
      ctx.state.event.outcome = outcome.kind
      switch (outcome.kind) {
        case 'committed':
          return
        case 'successor':
          ctx.body = { ...ctx.body, refresh_token: outcome.refreshToken }
          return
        case 'replayed':
          await endFamily(storage, audit, outcome.grantId, ctx)
          return refuseGrant(ctx)
        case 'used':
          return refuseGrant(ctx, 'the assertion was used before')
        case 'lost':
          return refuseGrant(ctx)
      }
    },
  }
}

/** A grant may have been narrowed since the token was issued. */
function narrowToGrant(ctx: HttpContext, resources: Resources): void {
  const grant = engineRequest(ctx)?.entities.Grant
  const { body } = ctx
  if (grant === undefined || typeof body !== 'object' || body === null) return
  const { aud, scope }: { aud?: unknown; scope?: unknown } = body
  const resource = typeof aud === 'string' ? resources.find(aud) : undefined
  if (resource === undefined || typeof scope !== 'string') return
  const kept = new Set(carriedScopes(parseScope(scope), resource, grant))
  ctx.body = { ...body, scope: formatScope(parseScope(scope).filter((each) => kept.has(each))) }
}

/**
 * Requests to the introspection endpoint: what the engine asks the database, one look-up after the other, is read at once. Tokens
 * that verify themselves are none of those it answers for: `introspect` does, for callers that have authenticated.
 */
export function introspections(storage: Storage, resources: Resources, introspect: IntrospectSelfContained): UnitKind {
  return {
    open: (ctx) => {
      const token = ctx.path === routes.introspection ? formParametersOf(ctx)?.get('token') : undefined
      if (!token) return undefined
      return new UnitOfWork(storage, new TokenReader(storage, { presented: { model: 'any token', value: token } }))
    },
    close: async (ctx) => {
      const refused = refusedToken(ctx)
      if (refused === undefined) return narrowToGrant(ctx, resources)
      ctx.body = await introspect(refused.token, refused.client)
      ctx.status = 200
    },
  }
}
