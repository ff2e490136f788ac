/**
 * The way to another provider and back. What belongs together is kept in three places: the provider has `state`; the database has, under its
 * hash, what was begun, good once; this browser has a cookie, from which `nonce` and the PKCE verifier are made. So an address that somebody
 * else began (CSRF on sign-in, RFC 6749 §10.12), or that was opened in another browser, leads nowhere, and neither the database nor the
 * address alone redeems the code.
 */
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { type Clock, epochSeconds } from '../../base/clock.js'
import { hashSecret, randomSecret, secretsEqual } from '../../base/secrets.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { cookieSuffix } from '../../oauth/cookie-names.js'
import { type IdentityProvider, saysWhenSignedIn } from '../../oauth/identity-provider.js'
import type { ProviderSignIns } from '../../storage/accounts/provider-sign-ins.js'
import { PageError } from '../pages/page-error.js'
import {
  ProviderAnswerRefused,
  type ProviderChecks,
  type ProviderClients,
  ProviderDeclined,
  ProviderUnavailable,
} from './provider-client.js'
import type { ProviderIdentity } from './provider-identity.js'

/** Where a sign-in goes on. `connect`: the identity becomes a way into the account that is signed in. */
export type ProviderPurpose = 'sign-in' | 'account' | 'connect'

export interface BegunSignIn {
  readonly purpose: ProviderPurpose
  /** The path, below the issuer's, of the page that takes over; it gets `state` in its query. Only the browser keeps it. */
  readonly goesOnAt: string
  /** The person must prove themselves to the provider now, whatever session they have there. */
  readonly isFresh: boolean
  /** The oldest proof, in seconds, that is taken. */
  readonly maxAgeSeconds?: number | undefined
  /** Of `connect`: the account, and the session in which it was proven. */
  readonly account?: { readonly id: string; readonly sessionUid: string } | undefined
  readonly loginHint?: string | undefined
  readonly uiLocales?: string | undefined
}

/** A person whom the provider has proven, in the browser that asked. */
export interface ProviderArrival {
  readonly provider: IdentityProvider
  readonly identity: ProviderIdentity
  readonly account: BegunSignIn['account']
}

export interface ProviderSignIn {
  /** Those that are declared. */
  all(): readonly IdentityProvider[]
  /** For the buttons. `demandsProof`: those that can say when the person signed in. */
  offered(demandsProof: boolean): readonly { readonly id: string; readonly name: string }[]
  /** Sends the browser to the provider. Throws PageError. */
  begin(ctx: HttpContext, providerId: string, begun: BegunSignIn): Promise<void>
  /** The provider's answer. Throws PageError. */
  answer(ctx: HttpContext, providerId: string): Promise<void>
  /** What came back, once, for the page that takes over. `undefined`: nothing, or it was taken. */
  arrive(ctx: HttpContext, purpose: ProviderPurpose): Promise<ProviderArrival | undefined>
}

export interface ProviderSignInParts {
  readonly providers: () => readonly IdentityProvider[]
  readonly clients: ProviderClients
  readonly signIns: ProviderSignIns
  readonly issuer: string
  readonly clock: Clock
}

/** As long as a person may need at the provider. */
const begunSeconds = 900

/** As long as a redirect within this server may take. */
const provenSeconds = 120

/** Two clocks. */
const toleranceSeconds = 60

/** The proof there must follow the press here; the provider is told an age that allows for a slow person. */
const freshAgeSeconds = begunSeconds

const optional = z.string().nullable()

const begunSchema = z.object({
  provider: z.string(),
  issuer: z.string(),
  browser: z.string(),
  purpose: z.string(),
  startedAt: z.number(),
  isFresh: z.boolean(),
  maxAgeSeconds: z.number().nullable(),
  accountId: optional,
  sessionUid: optional,
})

const provenSchema = z.object({
  provider: z.string(),
  browser: z.string(),
  purpose: z.string(),
  accountId: optional,
  sessionUid: optional,
  issuer: z.string(),
  subject: z.string(),
  email: optional,
  isEmailVerified: z.boolean(),
  name: optional,
  groups: z.array(z.string()).nullable(),
  authTime: z.number().nullable(),
  sid: optional,
})

function lost(detail: string): PageError {
  return new PageError('provider-sign-in-lost', 'invalid_request', 400, { detail })
}

function accountOf({
  accountId,
  sessionUid,
}: Pick<z.infer<typeof begunSchema>, 'accountId' | 'sessionUid'>): BegunSignIn['account'] {
  return accountId === null || sessionUid === null ? undefined : { id: accountId, sessionUid }
}

/** What the browser's secret is made into. */
const derive = (secret: string, what: string): string => createHmac('sha256', secret).update(what).digest('base64url')

/** The page for each way in which a provider fails. `again`: where the sign-in page is. */
function pageFor(error: unknown, again: string): unknown {
  const options = (cause: Error) => ({ detail: cause.message, cause, again })
  if (error instanceof ProviderUnavailable)
    return new PageError('provider-unavailable', 'temporarily_unavailable', 503, options(error))
  if (error instanceof ProviderDeclined) return new PageError('provider-declined', 'access_denied', 403, options(error))
  if (error instanceof ProviderAnswerRefused)
    return new PageError('provider-answer-refused', 'access_denied', 403, options(error))
  return error
}

export function createProviderSignIn(parts: ProviderSignInParts): ProviderSignIn {
  const { providers, clients, signIns, issuer, clock } = parts
  const isSecure = issuer.startsWith('https:')
  const find = (id: string) => providers().find((provider) => provider.id === id)
  const redirectUri = ({ id }: IdentityProvider) => `${issuer}/sign-in/${id}/callback`
  // A neighbouring host can plant no cookie with this prefix: its own sign-in would otherwise be finished here.
  const cookieName = (state: string) =>
    `${isSecure ? '__Host-' : ''}gatehouse_provider_${hashSecret(state).slice(0, 8)}${cookieSuffix(issuer)}`
  const cookieOptions = (ctx: HttpContext) =>
    ({ path: isSecure ? '/' : publicPath(ctx, '/'), httpOnly: true, sameSite: 'lax', signed: false }) as const

  /** The secret and the way on, as the browser keeps them. */
  const cookieOf = (ctx: HttpContext, state: string) => {
    const value = ctx.cookies.get(cookieName(state), { signed: false }) ?? ''
    const [secret = '', ...rest] = value.split('.')
    return { browser: hashSecret(value), secret, goesOnAt: Buffer.from(rest.join('.'), 'base64url').toString() }
  }

  const checksOf = (provider: IdentityProvider, state: string, secret: string): ProviderChecks => ({
    redirectUri: redirectUri(provider),
    state,
    nonce: derive(secret, 'nonce'),
    codeVerifier: derive(secret, 'code verifier'),
  })

  const stateOf = (ctx: HttpContext): string => {
    const [state = '', ...more] = new URLSearchParams(ctx.querystring).getAll('state')
    return more.length > 0 ? '' : state
  }

  return {
    all: providers,
    offered: (demandsProof) =>
      providers()
        .filter((provider) => !demandsProof || saysWhenSignedIn(provider))
        .map(({ id, name }) => ({ id, name })),
    begin: async (ctx, providerId, begun) => {
      const provider = find(providerId)
      if (provider === undefined) throw lost('the identity provider is declared no more')
      const demandsProof = begun.isFresh || begun.maxAgeSeconds !== undefined
      if (demandsProof && !saysWhenSignedIn(provider))
        throw lost('the identity provider does not say when a person signed in')
      const state = randomSecret()
      const secret = randomSecret()
      const value = `${secret}.${Buffer.from(begun.goesOnAt).toString('base64url')}`
      const maxAgeSeconds = begun.maxAgeSeconds ?? (begun.isFresh ? freshAgeSeconds : undefined)
      const checks = { ...checksOf(provider, state, secret), maxAgeSeconds }
      const url = await clients.authorizationUrl(provider, checks, begun).catch((error: unknown) => {
        throw pageFor(error, begun.goesOnAt)
      })
      const row = {
        provider: provider.id,
        issuer: provider.issuer,
        browser: hashSecret(value),
        purpose: begun.purpose,
        startedAt: epochSeconds(clock),
        isFresh: begun.isFresh,
        maxAgeSeconds: maxAgeSeconds ?? null,
        accountId: begun.account?.id ?? null,
        sessionUid: begun.account?.sessionUid ?? null,
      }
      await signIns.put('begun', state, row, begunSeconds)
      ctx.cookies.set(cookieName(state), value, { ...cookieOptions(ctx), maxAge: begunSeconds * 1000 })
      seeOther(ctx, url.href)
    },
    answer: async (ctx, providerId) => {
      const state = stateOf(ctx)
      const { browser, secret, goesOnAt } = cookieOf(ctx, state)
      const provider = find(providerId)
      const begun = await signIns.take('begun', state, (payload) => {
        const parsed = begunSchema.safeParse(payload).data
        return parsed !== undefined && secretsEqual(parsed.browser, browser) ? parsed : undefined
      })
      if (begun === undefined) throw lost('no sign-in that this browser began has this state')
      // Another provider's answer (mix-up, RFC 9700 §4.4): its code must not go to this one, nor this one's secret there.
      if (provider === undefined || begun.provider !== provider.id || begun.issuer !== provider.issuer)
        throw lost('the answer came to the address of another identity provider')
      const checks = { ...checksOf(provider, state, secret), maxAgeSeconds: begun.maxAgeSeconds ?? undefined }
      const returned = new URL(`${redirectUri(provider)}?${ctx.querystring}`)
      const identity = await clients.identify(provider, checks, returned).catch((error: unknown) => {
        throw pageFor(error, goesOnAt)
      })
      const isOld = identity.authTime === undefined || identity.authTime < begun.startedAt - toleranceSeconds
      if (begun.isFresh && isOld)
        throw pageFor(new ProviderAnswerRefused(new Error('the person did not sign in again')), goesOnAt)
      const { purpose, accountId, sessionUid } = begun
      const { issuer: of, subject, isEmailVerified, email, name, groups, authTime, sid } = identity
      const row = {
        ...{ provider: provider.id, browser, purpose, accountId, sessionUid },
        ...{ issuer: of, subject, isEmailVerified, email: email ?? null, name: name ?? null },
        ...{ authTime: authTime ?? null, sid: sid ?? null, groups: groups ?? null },
      }
      await signIns.put('proven', state, row, provenSeconds)
      seeOther(ctx, `${goesOnAt}${goesOnAt.includes('?') ? '&' : '?'}state=${encodeURIComponent(state)}`)
    },
    arrive: async (ctx, purpose) => {
      const state = stateOf(ctx)
      const { browser } = cookieOf(ctx, state)
      const proven = await signIns.take('proven', state, (payload) => {
        const parsed = provenSchema.safeParse(payload).data
        const isTheirs = parsed?.purpose === purpose && secretsEqual(parsed.browser, browser)
        return isTheirs ? parsed : undefined
      })
      const provider = proven && find(proven.provider)
      if (proven === undefined || provider === undefined) return undefined
      ctx.cookies.set(cookieName(state), '', { ...cookieOptions(ctx), maxAge: 0 })
      const { issuer: of, subject, email, isEmailVerified, name, groups, authTime, sid } = proven
      return {
        provider,
        identity: {
          ...{ issuer: of, subject, isEmailVerified, email: email ?? undefined, name: name ?? undefined },
          ...{ authTime: authTime ?? undefined, sid: sid ?? undefined, groups: groups ?? undefined },
        },
        account: accountOf(proven),
      }
    },
  }
}
