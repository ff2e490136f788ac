/**
 * Proof that a form was rendered by us for this very browser and purpose. The token is an HMAC over something the browser holds
 * in an HttpOnly cookie, so a stranger's page can neither read nor make one; Origin is checked as well (OWASP ASVS 3.5.1).
 */
import { createHmac, hkdfSync } from 'node:crypto'
import { secretsEqual } from '../../base/secrets.js'
import type { HttpContext } from '../../http/context.js'
import type { KeyRing } from '../../storage/keys/key-ring.js'

export interface CsrfProtection {
  /** The token for forms bound to `binding`, the value of a cookie that only this browser holds. */
  tokenFor(binding: string): string
  /** True when the form's token fits and the request does not come from another site. */
  accepts(ctx: HttpContext, binding: string, token: unknown): boolean
  /** True when the browser says that another site sent this request. For forms whose token the engine checks. */
  isFromElsewhere(ctx: HttpContext): boolean
}

function isCrossSite(ctx: HttpContext, origin: string): boolean {
  const from = ctx.get('origin')
  const site = ctx.get('sec-fetch-site')
  return (from !== '' && from !== origin) || (site !== '' && site !== 'same-origin' && site !== 'none')
}

/** `keyRing`: its first cookie key makes tokens, all are accepted. `origin`: the only origin our forms post from. */
export function createCsrfProtection(keyRing: Pick<KeyRing, 'follow'>, origin: string): CsrfProtection {
  let macKeys: readonly Buffer[] = []
  keyRing.follow(({ cookie }) => {
    macKeys = cookie.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'gatehouse csrf', 32)))
  })
  const token = (key: Buffer, binding: string) => createHmac('sha256', key).update(binding).digest('base64url')
  return {
    tokenFor: (binding) => {
      const [key] = macKeys
      if (key === undefined) throw new Error('there is no cookie key')
      return token(key, binding)
    },
    isFromElsewhere: (ctx) => isCrossSite(ctx, origin),
    accepts: (ctx, binding, given) =>
      typeof given === 'string' &&
      !isCrossSite(ctx, origin) &&
      macKeys.some((key) => secretsEqual(given, token(key, binding))),
  }
}
