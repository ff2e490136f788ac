/** Checks a posted sign-in form under the throttle, wherever a person signs in: on the way to a client, or to their account. */

import type { Write } from '../../database/writes.js'
import { clientNetworks } from '../../http/client-network.js'
import type { HttpContext } from '../../http/context.js'
import { OAuthError } from '../../oauth/errors.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { Claimant, SignInProof } from '../../storage/grants/interaction-reader.js'
import type { SignInError } from '../pages/views.js'
import type { KnownBrowsers } from './known-browsers.js'
import type { LoginMethod } from './login-method.js'
import type { SignInThrottle } from './throttle.js'

export interface SignInParts {
  readonly throttle: SignInThrottle
  readonly knownBrowsers: KnownBrowsers
  readonly audit: AuditTrail
  /** See `AuthorizationServerOptions`. */
  readonly hidesAddresses: boolean
}

/** The sign-in page once more, with what was wrong. */
export interface RefusedSignIn {
  readonly email: string
  readonly error?: SignInError
  readonly retryAfterSeconds?: number
  readonly status?: number
}

/** `claimant`: the account of the email in the form. `counted`: what to write when the person is signed in. */
export async function checkSignIn(
  parts: SignInParts,
  ctx: HttpContext,
  claimant: Claimant | undefined,
  method: LoginMethod,
  form: URLSearchParams,
): Promise<{ readonly proof: SignInProof; readonly counted: Write } | RefusedSignIn> {
  const email = form.get('email') ?? ''
  const knownBrowser = parts.knownBrowsers.recognize(ctx, email, claimant)
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
    const proof = await method.prove({ form, claimant, sender })
    if (proof === undefined) {
      await parts.audit.record({ type: 'sign_in.failed', detail: { address: clientAddress } }, ctx.state.event)
      return { email, error: 'wrong-credentials', status: 401 }
    }
    parts.knownBrowsers.remember(ctx, email, proof.passwordHash ?? claimant?.passwordHash)
    return { proof, counted: parts.throttle.success(attempt) }
  } catch (error) {
    await parts.throttle.cancel(attempt)
    if (!(error instanceof OAuthError) || error.status !== 503) throw error
    return { email, error: 'busy', retryAfterSeconds: 2, status: 503 }
  }
}
