/**
 * Device cookies (OWASP): recognises browsers that signed in to an account before. Their sign-in attempts are counted separately,
 * so that strangers who guess a password all day cannot lock its owner out. The cookie proves nothing else, names nobody and
 * grants nothing. throttle.ts does the counting.
 */
import { createHmac, hkdfSync } from 'node:crypto'
import { type Clock, epochSeconds } from '../../base/clock.js'
import { randomSecret, secretsEqual } from '../../base/secrets.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { cookieSuffix } from '../../oauth/cookie-names.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import type { KeyRing } from '../../storage/keys/key-ring.js'
import { highPriority } from '../engine/engine-cookies.js'

export interface KnownBrowsers {
  /** What this browser is known by to the account, `undefined` when it never signed in there or too long ago. `email`: as typed. */
  recognize(ctx: HttpContext, email: string): string | undefined
  /** Call when the person has signed in, or made the account. */
  remember(ctx: HttpContext, email: string): void
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
  const name = `${issuer.startsWith('https:') ? '__Secure-' : ''}gatehouse_known_browser${cookieSuffix(issuer)}`
  let macKeys: readonly Buffer[] = []
  keyRing.follow(({ cookie }) => {
    macKeys = cookie.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'gatehouse known browser', 32)))
  })
  const macOf = (key: Buffer, id: string, issuedAt: number, email: string) =>
    // The email last: it alone may hold a line break.
    createHmac('sha256', key)
      .update(`${issuedAt}\n${id}\n${normalizeEmail(email) ?? email}`)
      .digest('base64url')

  const proofsOf = (ctx: HttpContext): readonly string[] =>
    (ctx.cookies.get(name, { signed: false }) ?? '').split('~', mostProofs)

  const find = (ctx: HttpContext, email: string): Proof | undefined => {
    const now = epochSeconds(clock)
    for (const text of proofsOf(ctx)) {
      const [, time = '', id = '', mac = ''] = proofPattern.exec(text) ?? []
      const issuedAt = Number(time)
      if (mac === '' || issuedAt + knownBrowserSeconds <= now) continue
      if (macKeys.some((key) => secretsEqual(mac, macOf(key, id, issuedAt, email)))) return { id, issuedAt, text }
    }
    return undefined
  }

  return {
    recognize: (ctx, email) => find(ctx, email)?.id,
    remember: (ctx, email) => {
      const [key] = macKeys
      if (key === undefined) throw new Error('there is no cookie key')
      const known = find(ctx, email)
      // The same id again: a browser has one counter for an account, however often it signs in.
      const id = known?.id ?? randomSecret(12)
      const issuedAt = epochSeconds(clock)
      // A neighbouring host can plant a long cookie. Kept along, it would make this one too long for any browser (RFC 6265 §6.1), and
      // the account's owner would stay a stranger.
      const others = proofsOf(ctx).filter((text) => proofPattern.test(text) && text !== known?.text)
      const proofs = [`${issuedAt}.${id}.${macOf(key, id, issuedAt, email)}`, ...others].slice(0, mostProofs)
      ctx.cookies.set(name, proofs.join('~'), {
        path: publicPath(ctx, '/interaction'),
        httpOnly: true,
        sameSite: 'lax',
        signed: false,
        ...highPriority,
        maxAge: knownBrowserSeconds * 1000,
      })
    },
  }
}
