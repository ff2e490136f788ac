/**
 * Ties a sign-in to the browser in which the password was typed. The cookies of an interaction are older than the sign-in, so somebody
 * else may have them: who used the computer before, or who planted them from a neighbouring host. They would go on as the person, up to
 * the code and the session (session fixation, OWASP ASVS 7.2.4). The cookie made here is new with each sign-in; the interaction keeps
 * its hash.
 */
import { hashSecret, randomSecret, secretsEqual } from '../../base/secrets.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { loopbackSuffix } from '../../oauth/cookie-names.js'
import type { EngineInteraction } from '../engine/engine-types.js'

function cookieName(ctx: HttpContext): string {
  return `${ctx.secure ? '__Secure-' : ''}gatehouse_signed_in${loopbackSuffix(ctx.state.origin)}`
}

/** Gives the browser its proof, for our pages and for the engine's way back. The hash is to be kept as `result.login.browser`. */
export function bindSignIn(ctx: HttpContext, { uid, returnTo }: EngineInteraction): string {
  const proof = randomSecret()
  for (const path of [publicPath(ctx, `/interaction/${uid}`), new URL(returnTo).pathname]) {
    // As long as an interaction lives.
    ctx.cookies.set(cookieName(ctx), proof, { path, httpOnly: true, sameSite: 'lax', signed: false, maxAge: 3_600_000 })
  }
  return hashSecret(proof)
}

/** True in the browser whose proof has this hash. */
export function isBoundBrowser(ctx: HttpContext, browser: unknown): boolean {
  const proof = ctx.cookies.get(cookieName(ctx), { signed: false }) ?? ''
  return typeof browser === 'string' && secretsEqual(hashSecret(proof), browser)
}

/** The account that signed in to the interaction in this very browser. */
export function signedInAccount(ctx: HttpContext, result: EngineInteraction['result']): string | undefined {
  const login = result?.login
  return isBoundBrowser(ctx, login?.['browser']) ? login?.accountId : undefined
}
