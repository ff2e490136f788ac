/** Names and attributes of the engine's cookies. Pure. */
import { cookieSuffix, loopbackSuffix } from '../../oauth/cookie-names.js'

interface CookieAttributes {
  readonly httpOnly: boolean
  readonly sameSite: 'lax'
  readonly signed: boolean
  readonly secure: boolean
  readonly path?: string
  readonly priority?: 'high'
}

export interface EngineCookies {
  readonly names: Readonly<Record<'session' | 'interaction' | 'resume', string>>
  /** The session cookie's attributes. Its `expires` is the session's own. */
  readonly long: CookieAttributes
  /** Attributes of the cookies of an interaction. Each is bound to its own path. */
  readonly short: CookieAttributes
}

/** Not in RFC 6265: browsers that do not know the attribute ignore it. */
export const highPriority = { priority: 'high' } as const

/** `issuer`: its scheme decides about `Secure` and the prefixes, its port and path are part of the session cookie's name. */
export function engineCookies(issuer: string): EngineCookies {
  const secure = issuer.startsWith('https:')
  const session = `gatehouse_session${cookieSuffix(issuer)}`
  const [ofPath, suffix] = [secure ? '__Secure-gatehouse' : 'gatehouse', loopbackSuffix(issuer)]
  const attributes = { httpOnly: true, sameSite: 'lax', signed: true, secure } as const
  return {
    names: {
      // The session cookie is for the whole origin; the others are bound to their path, which `__Host-` does not allow.
      session: secure ? `__Host-${session}` : session,
      interaction: `${ofPath}_interaction${suffix}`,
      resume: `${ofPath}_resume${suffix}`,
    },
    // Cookies of interactions are many, and another site's page can make more by opening authorization requests. Browsers keep some 180
    // cookies of a site; those that know `Priority` (Chromium) drop these before the session.
    long: { ...attributes, path: '/', ...highPriority },
    short: attributes,
  }
}
