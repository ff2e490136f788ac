/**
 * Device cookies (OWASP): recognises browsers that signed in to an account before. Their sign-in attempts are counted separately,
 * so that strangers who guess a password all day cannot lock its owner out. The cookie proves nothing else, names nobody and
 * grants nothing. throttle.ts does the counting.
 *
 * A proof ends with the credential it was given for: with the password, and with the account's access (`Claimant.changedAt`). Otherwise
 * somebody who had the password once could collect proofs, and guess at the next password with each of them.
 */
import { createHmac, hkdfSync } from 'node:crypto'
import { type Clock, epochSeconds } from '../../base/clock.js'
import { hashSecret, randomSecret, secretsEqual } from '../../base/secrets.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { cookieSuffix, cookiesNamed } from '../../oauth/cookie-names.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import type { Claimant } from '../../storage/grants/interaction-reader.js'
import type { KeyRing } from '../../storage/keys/key-ring.js'
import { highPriority } from '../engine/engine-cookies.js'

export interface KnownBrowser {
  /** What the browser is known by to the account. */
  readonly id: string
  /** Another one for each password of the account: a hash. */
  readonly generation: string
}

export interface KnownBrowsers {
  /**
   * `undefined` when the browser never signed in to the account, or too long ago, or with another password, or before the account's access
   * was last ended. `email`: as typed. `account`: the one with this email, if there is one.
   */
  recognize(ctx: HttpContext, email: string, account: Claimant | undefined): KnownBrowser | undefined
  /** Call when the person has signed in, or made the account. `passwordHash`: the stored one; `undefined` if the account has no password. */
  remember(ctx: HttpContext, email: string, passwordHash: string | undefined): void
}

/** The longest lifetime that browsers allow a cookie. Every sign-in restarts it. */
export const knownBrowserSeconds = 400 * 86_400

/** People who share a browser each have a proof in the cookie; who signed in longest ago goes first. */
const mostProofs = 5

const proofPattern = /^(\d{1,12})\.([\w-]{16})\.([\w-]{43})$/

interface Proof {
  readonly id: string
  readonly issuedAt: number
  /** As it stands in the cookie. */
  readonly text: string
}

/** `keyRing`: its first cookie key makes proofs, all are accepted. */
export function createKnownBrowsers(keyRing: Pick<KeyRing, 'follow'>, issuer: string, clock: Clock): KnownBrowsers {
  // A neighbouring host can plant a cookie for all of the domain with a longer path, which browsers send first, and no cookie of this
  // server replaces it. They let nobody plant one with this prefix, which wants the path to be `/`.
  const isSecure = issuer.startsWith('https:')
  const name = `${isSecure ? '__Host-' : ''}gatehouse_known_browser${cookieSuffix(issuer)}`
  let macKeys: readonly Buffer[] = []
  keyRing.follow(({ cookie }) => {
    macKeys = cookie.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'gatehouse known browser', 32)))
  })
  const macOf = (key: Buffer, id: string, issuedAt: number, generation: string, email: string) =>
    // The email last: it alone may hold a line break.
    createHmac('sha256', key)
      .update(`${issuedAt}\n${id}\n${generation}\n${normalizeEmail(email) ?? email}`)
      .digest('base64url')

  /** Of every cookie of the name: without the prefix, ours need not be the first. The header's own limit bounds them. */
  const proofsOf = (ctx: HttpContext): readonly string[] => [
    ...new Set(cookiesNamed(ctx.get('cookie'), name).flatMap((value) => value.split('~', mostProofs))),
  ]

  const find = (ctx: HttpContext, email: string, generation: string): Proof | undefined => {
    const now = epochSeconds(clock)
    for (const text of proofsOf(ctx)) {
      const [, time = '', id = '', mac = ''] = proofPattern.exec(text) ?? []
      const issuedAt = Number(time)
      if (mac === '' || issuedAt + knownBrowserSeconds <= now) continue
      if (macKeys.some((key) => secretsEqual(mac, macOf(key, id, issuedAt, generation, email))))
        return { id, issuedAt, text }
    }
    return undefined
  }

  return {
    recognize: (ctx, email, account) => {
      if (account === undefined) return undefined
      const generation = hashSecret(account.passwordHash ?? '')
      const proof = find(ctx, email, generation)
      // Proofs have whole seconds: that of a new account is not older than the account.
      const isCurrent = proof !== undefined && proof.issuedAt >= Math.floor(account.changedAt.getTime() / 1000)
      return isCurrent ? { id: proof.id, generation } : undefined
    },
    remember: (ctx, email, passwordHash) => {
      const [key] = macKeys
      if (key === undefined) throw new Error('there is no cookie key')
      const generation = hashSecret(passwordHash ?? '')
      const known = find(ctx, email, generation)
      // The same id again: a browser has one counter for an account, however often it signs in.
      const id = known?.id ?? randomSecret(12)
      const issuedAt = epochSeconds(clock)
      // A neighbouring host can plant a long cookie. Kept along, it would make this one too long for any browser (RFC 6265 §6.1), and
      // the account's owner would stay a stranger.
      const others = proofsOf(ctx).filter((text) => proofPattern.test(text) && text !== known?.text)
      const proofs = [`${issuedAt}.${id}.${macOf(key, id, issuedAt, generation, email)}`, ...others].slice(
        0,
        mostProofs,
      )
      ctx.cookies.set(name, proofs.join('~'), {
        path: isSecure ? '/' : publicPath(ctx, '/'),
        httpOnly: true,
        sameSite: 'lax',
        signed: false,
        ...highPriority,
        maxAge: knownBrowserSeconds * 1000,
      })
    },
  }
}
