/**
 * Rate limits of the endpoints by address, person and client: which counter each request uses, and the 429 with
 * `Retry-After`. Owns neither the figures (oauth/usage-limits.ts) nor the counting (storage/counters/usage-counters.ts).
 * Passwords, device codes and registration have limits of their own, beside what they guard.
 *
 * Unauthenticated traffic is counted per address only. Counting by a claimed `client_id` would let anyone exhaust another
 * client's quota.
 *
 * Limits on what is stored (`authorize`, `authorize-bytes`, `logout`) count a request from its arrival, so that parallel requests
 * cannot pass them together. A request that stored nothing gives its uses back. What it looked up counts as `other`. The limit on forms
 * (`sign-in`) does the same, for browsers that hold the cookie of a sign-in in progress; without one a form counts as `other` at once.
 */

import { hashSecret } from '../../base/secrets.js'
import type { NetworkShare } from '../../http/client-network.js'
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import { noteError } from '../../http/noted-error.js'
import type { CountedLimit, Excess, Reservation, WindowCounters } from '../../http/window-counters.js'
import { OAuthError } from '../../oauth/errors.js'
import { deviceCodeGrant } from '../../oauth/grant-types.js'
import type { UsageLimitName, UsageLimits } from '../../oauth/usage-limits.js'
import { formParametersOf } from '../endpoints/parameters.js'
import { isSentOn } from '../endpoints/posted-requests.js'
import { engineRequest } from '../engine/engine-context.js'
import { failureOf } from '../engine/engine-events.js'
import { PageError } from '../pages/page-error.js'
import { programEndpoints, revocationFeedPath, routes } from '../routes.js'
import { isHeldForm } from './held-forms.js'
import { senderNetworks } from './sender.js'
import { createUndecided } from './undecided.js'

export interface UsagePolicy {
  readonly limits: UsageLimits
  readonly counters: WindowCounters
  /** See `AuthorizationServerOptions`. */
  readonly hidesAddresses: boolean
  /** Exact. */
  readonly issuer: string
}

/** How much of a request is stored before anyone is authenticated. `normaliseParameters` has read its body. */
function storedBytes(ctx: HttpContext): number {
  return ctx.method === 'POST' ? (ctx.request.length ?? 0) : ctx.querystring.length
}

/** The limits on what is stored, and how much of each a request uses. */
type StorageUses = readonly (readonly [UsageLimitName, number])[]

/** Empty for a request that stores nothing. */
function storageUses(ctx: HttpContext): StorageUses {
  switch (ctx.path) {
    case routes.authorization:
    case routes.pushed_authorization_request:
      return [
        ['authorize', 1],
        ['authorize-bytes', storedBytes(ctx)],
      ]
    // Stored device codes are counted in the database (device/entry.ts).
    case routes.device_authorization:
      return [['authorize-bytes', storedBytes(ctx)]]
    case routes.end_session:
      return [['logout', 1]]
    default:
      return []
  }
}

/** A refused request stores nothing, a posted one is stored by the GET that it is sent on as. */
function isStored(ctx: HttpContext): boolean {
  return ctx.status < 400 && failureOf(ctx) === undefined && !isSentOn(ctx)
}

/** Answers of the token endpoint that a device, or a client with proofs of possession, gets without having done anything wrong. */
const patience: ReadonlySet<unknown> = new Set(['authorization_pending', 'slow_down', 'use_dpop_nonce'])

/** At this point only the caller's address is known. */
function limitByAddress({ path }: HttpContext): UsageLimitName | undefined {
  switch (path) {
    case routes.token:
      return 'token'
    case routes.introspection:
    case revocationFeedPath:
      return 'introspection'
    case routes.jwks:
      return undefined
    default:
      return 'other'
  }
}

/** A client's name as RFC 6749 §2.3.1 has it written in the header: all spellings of one name are one. */
function decodedName(written: string): string {
  return new URLSearchParams(`name=${written.replaceAll('&', '%26')}`).get('name') ?? ''
}

/** The client that a token request names, proven or not. */
function namedClient(ctx: HttpContext): string {
  const [, basic] = /^Basic +([\w+/=]+)$/i.exec(ctx.get('authorization')) ?? []
  const named =
    basic === undefined
      ? (formParametersOf(ctx)?.get('client_id') ?? '')
      : decodedName(Buffer.from(basic, 'base64').toString().split(':', 1)[0] ?? '')
  // Kept in memory: a stranger must not choose how much.
  return named.length > 100 ? hashSecret(named) : named
}

/**
 * 429 with `Retry-After` (RFC 6585 §4). OAuth has no error code for it. On `temporarily_unavailable` clients keep their tokens
 * and retry; on unknown codes some of them start over. A polling device gets `slow_down`.
 */
function refuse(ctx: HttpContext, name: UsageLimitName, { retryAfterSeconds }: Excess): void {
  ctx.state.event.limit = name
  ctx.set('retry-after', String(retryAfterSeconds))
  if (!programEndpoints.has(ctx.path)) throw new PageError('too-many-requests', 'temporarily_unavailable', 429)
  const error = new OAuthError('temporarily_unavailable', 'too many requests, try again later').toJSON()
  noteError(ctx.state.event, { error: error.error, description: error.error_description })
  ctx.status = 429
  // Pages of other origins, the inspector's for example, must be able to see why, and when to come back.
  ctx.set({
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Retry-After, WWW-Authenticate',
    'cache-control': 'no-store',
  })
  const polls = formParametersOf(ctx)?.get('grant_type') === deviceCodeGrant
  ctx.body = polls ? { ...error, error: 'slow_down' } : error
}

function isRefusal({ status, body }: HttpContext): boolean {
  if (status < 400 || status > 499 || status === 429) return false
  return typeof body !== 'object' || body === null || !('error' in body) || !patience.has(body.error)
}

/** The limits as they are counted, made once: every request asks for some. */
function byName(limits: UsageLimits): (name: UsageLimitName) => CountedLimit {
  const named = new Map(Object.entries(limits).map(([name, limit]) => [name, { name, ...limit }]))
  return (name) => named.get(name) ?? { name, ...limits[name] }
}

/** The client and the account of an answered request, as the engine determined them. */
function answeredFor(
  ctx: HttpContext,
): { readonly clientId: string; isProven: boolean; accountId: string | undefined } | undefined {
  const { client, account } = engineRequest(ctx) ?? {}
  if (client === undefined) return undefined
  return { clientId: client.clientId, isProven: client.clientAuthMethod !== 'none', accountId: account?.accountId }
}

/**
 * Counts tokens that are about to be given out. True: they were too many, and the request is refused; nothing that it would have
 * used up may be.
 */
export type TokenGate = (ctx: HttpContext) => boolean

export function createTokenGate({ limits, counters }: UsagePolicy): TokenGate {
  const limit = byName(limits)
  const exceeds = (ctx: HttpContext, name: UsageLimitName, who: string): boolean => {
    const excess = counters.take(limit(name), who)
    if (excess !== undefined) refuse(ctx, name, excess)
    return excess !== undefined
  }
  return (ctx) => {
    const answered = answeredFor(ctx)
    if (answered === undefined) return false
    const { clientId, isProven, accountId } = answered
    if (accountId !== undefined && exceeds(ctx, 'token-person', `${accountId}\n${clientId}`)) return true
    return isProven && exceeds(ctx, 'token-client', clientId)
  }
}

/** Middleware behind the one that reads parameters, ahead of everything that looks something up. */
export function limitUsage({ limits, counters, hidesAddresses, issuer }: UsagePolicy): HttpMiddleware {
  const limit = byName(limits)
  const countsRefusals = !hidesAddresses && limits['token-refused'].limit > 0

  const byAddress = (ctx: HttpContext, networks: readonly NetworkShare[]): boolean => {
    const name = limitByAddress(ctx)
    if (name === undefined) return false
    const excess = counters.take(limit(name), networks)
    if (excess !== undefined) refuse(ctx, name, excess)
    return excess !== undefined
  }

  /** What the request stores counts if it is stored, otherwise what it looked up. Until then it counts as both. */
  const storing = async (
    ctx: HttpContext,
    networks: readonly NetworkShare[],
    uses: StorageUses,
    next: () => Promise<unknown>,
  ): Promise<void> => {
    const ifStored: Reservation[] = []
    const ifNot: Reservation[] = []
    const giveBack = (reservations: readonly Reservation[]) => {
      for (const reservation of reservations) reservation.giveBack()
    }
    for (const [name, count] of [...uses, ['other', 1] as const]) {
      const reservation = counters.reserve(limit(name), networks, count)
      if (reservation.excess !== undefined) {
        giveBack([...ifStored, ...ifNot])
        return refuse(ctx, name, reservation.excess)
      }
      if (name === 'other') ifNot.push(reservation)
      else ifStored.push(reservation)
    }
    let wasStored = false
    try {
      await next()
      wasStored = isStored(ctx)
    } finally {
      giveBack(wasStored ? ifNot : ifStored)
    }
  }

  /**
   * A form of a browser that holds the interaction's cookie counts if the interaction and the form's token held. Otherwise its use is given
   * back while it can count as `other`. So senders without the cookie cannot use up the limit of browsers that hold one. The form is read
   * before it counts: half-sent forms would hold uses for as long as a body may take.
   */
  const heldForm = async (
    ctx: HttpContext,
    networks: readonly NetworkShare[],
    next: () => Promise<unknown>,
  ): Promise<void> => {
    await readForm(ctx).catch((error: unknown) => {
      counters.take(limit('other'), networks)
      throw error
    })
    const reservation = counters.reserve(limit('sign-in'), networks)
    if (reservation.excess !== undefined) return refuse(ctx, 'sign-in', reservation.excess)
    let isTaken = false
    try {
      await next()
      isTaken = true
    } finally {
      if (!isTaken && counters.take(limit('other'), networks) === undefined) reservation.giveBack()
    }
  }

  const undecided = createUndecided()
  const refused = limit('token-refused')

  /** Counts refusals alone. A request whose outcome is open counts until then, or parallel ones would pass the limit together. */
  const tokenRequest = async (
    ctx: HttpContext,
    networks: readonly NetworkShare[],
    next: () => Promise<unknown>,
  ): Promise<void> => {
    const client = namedClient(ctx)
    const who = networks.map(({ network, times }) => ({ network: `${network}\n${client}`, times }))
    const key = who[0]?.network ?? client
    while (counters.excess(refused, who, undecided.count(key)) !== undefined) {
      const excess = counters.excess(refused, who)
      if (excess !== undefined) return refuse(ctx, 'token-refused', excess)
      await undecided.nextDecision(key)
    }
    const decide = undecided.begin(key)
    try {
      await next()
      if (isRefusal(ctx)) counters.take(refused, who)
    } finally {
      decide()
    }
  }

  const introspection = async (ctx: HttpContext, next: () => Promise<unknown>): Promise<void> => {
    await next()
    const answered = ctx.status === 200 ? answeredFor(ctx) : undefined
    if (answered === undefined) return
    const excess = counters.take(limit('introspection-client'), answered.clientId)
    if (excess !== undefined) refuse(ctx, 'introspection-client', excess)
  }

  return async (ctx, next) => {
    // A preflight costs nothing and is the browser's.
    if (ctx.method === 'OPTIONS') return next()
    const networks = senderNetworks(ctx)
    const uses = hidesAddresses ? [] : storageUses(ctx)
    if (uses.length > 0) return storing(ctx, networks, uses, next)
    if (!hidesAddresses && isHeldForm(ctx, issuer)) return heldForm(ctx, networks, next)
    if (!hidesAddresses && byAddress(ctx, networks)) return
    if (ctx.path === routes.introspection) return introspection(ctx, next)
    if (ctx.path === routes.token && countsRefusals) return tokenRequest(ctx, networks, next)
    return next()
  }
}
