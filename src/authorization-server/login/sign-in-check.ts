/** Checks a posted sign-in form under the throttle, wherever a person signs in: on the way to a client, or to their account. */

import type { Write } from '../../database/writes.js'
import { clientNetworks } from '../../http/client-network.js'
import type { HttpContext } from '../../http/context.js'
import { OAuthError } from '../../oauth/errors.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { Claimant } from '../../storage/grants/interaction-reader.js'
import type { SignInError } from '../pages/views.js'
import type { KnownBrowsers } from './known-browsers.js'
import type { LoginMethod, NotProven, Proven, SignInTry } from './login-method.js'
import type { SignInThrottle } from './throttle.js'

export interface SignInParts {
  readonly throttle: SignInThrottle
  readonly knownBrowsers: KnownBrowsers
  readonly audit: AuditTrail
  /** See `AuthorizationServerOptions`. */
  readonly hidesAddresses: boolean
  /** Whether the page leads to `/sign-up`. */
  readonly letsStrangersSignUp: () => boolean
}

/** The sign-in page once more, with what was wrong. */
export interface RefusedSignIn {
  readonly email: string
  readonly error?: SignInError
  readonly retryAfterSeconds?: number
  readonly status?: number
}

/** Proven; the writes forget the tries that it took. */
export interface CheckedSignIn {
  readonly proven: Proven
  readonly counted: readonly Write[]
}

/** What the form was shown for. */
export interface SignInPlace {
  /** The account of the email in the form. */
  readonly claimant: Claimant | undefined
  /** What a device was asked to sign for there. */
  readonly challenge: SignInTry['challenge']
}

const isProven = (outcome: Proven | NotProven): outcome is Proven => 'proof' in outcome

/** Nothing of it can be guessed, so it is not counted here. How often forms are posted is limited by address (limits/usage-limits.ts). */
async function checkUnguessable(
  parts: SignInParts,
  ctx: HttpContext,
  place: SignInPlace,
  method: LoginMethod,
  form: URLSearchParams,
): Promise<CheckedSignIn | RefusedSignIn> {
  const { clientAddress } = ctx.state
  const outcome = await method.prove({ ...place, form, sender: { networks: [], isKnown: false } })
  if (isProven(outcome)) return { proven: outcome, counted: [] }
  const detail = { address: clientAddress, by: method.name, reason: outcome.refused ?? 'not proven' }
  await parts.audit.record({ type: 'sign_in.failed', detail }, ctx.state.event)
  return { email: '', error: 'wrong-passkey', status: 401 }
}

/** Checks what was typed or signed. If a code is still to come (`awaitsCodeOf`), nobody is signed in yet. */
export async function checkSignIn(
  parts: SignInParts,
  ctx: HttpContext,
  place: SignInPlace,
  method: LoginMethod,
  form: URLSearchParams,
): Promise<CheckedSignIn | RefusedSignIn> {
  if (!method.isGuessable) return checkUnguessable(parts, ctx, place, method, form)
  const email = form.get('email') ?? ''
  const knownBrowser = parts.knownBrowsers.recognize(ctx, email, place.claimant)
  const { clientAddress } = ctx.state
  const attempt = { email, address: parts.hidesAddresses ? undefined : clientAddress, knownBrowser }
  const wait = await parts.throttle.begin(attempt)
  if (wait !== undefined) {
    // In the request's log line, not in the audit table: a stranger could fill that without end.
    return { email, error: 'too-many-attempts', retryAfterSeconds: wait.retryAfterSeconds, status: 429 }
  }
  const networks = parts.hidesAddresses ? [] : clientNetworks(clientAddress).map(({ network }) => network)
  try {
    const sender = { networks, isKnown: knownBrowser !== undefined, knownTo: normalizeEmail(email) ?? email }
    const outcome = await method.prove({ ...place, form, sender })
    if (!isProven(outcome)) {
      await parts.audit.record({ type: 'sign_in.failed', detail: { address: clientAddress } }, ctx.state.event)
      return { email, error: 'wrong-credentials', status: 401 }
    }
    return { proven: { email, ...outcome }, counted: [parts.throttle.success(attempt)] }
  } catch (error) {
    await parts.throttle.cancel(attempt)
    if (!(error instanceof OAuthError) || error.status !== 503) throw error
    return { email, error: 'busy', retryAfterSeconds: 2, status: 503 }
  }
}

/** The browser is known to the account from now on. */
export function rememberBrowser(parts: SignInParts, ctx: HttpContext, { email, proof }: Proven): void {
  if (email !== undefined) parts.knownBrowsers.remember(ctx, email, proof.passwordHash)
}
