/** Names of the authorization server's cookies, which its issuer's port and path are part of. */
import { cookieSuffix } from '../../src/oauth/cookie-names.js'

export const sessionCookie = (issuer: string): string => `gatehouse_session${cookieSuffix(issuer)}`
export const knownBrowserCookie = (issuer: string): string => `gatehouse_known_browser${cookieSuffix(issuer)}`
