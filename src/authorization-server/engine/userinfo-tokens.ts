/**
 * Lets the engine's userinfo endpoint take access tokens that were issued for a resource (endpoints/userinfo.ts). The engine refuses a token
 * with an audience, and does not know tokens that verify themselves. It goes on to check scope, proof of possession, client, account and
 * grant as for every other token.
 *
 * Such a token does not say which claims were requested one by one (OpenID Connect Core §5.5), so that it gets all that the person allowed in
 * this way, those for the ID token included.
 */
import type { JWTPayload } from 'jose'
import type { FindLiveToken, LiveToken } from '../endpoints/userinfo.js'
import { currentRequest } from './engine-context.js'
import { rethrowForEngine } from './engine-errors.js'

interface StoredToken {
  readonly scopes: ReadonlySet<string>
  readonly claims?: object | undefined
}

type Find = (value: string, options?: { readonly ignoreExpiration?: boolean }) => Promise<StoredToken | undefined>

interface TokenModel {
  new (payload: object): StoredToken
  find: Find
}

/** Three parts, as a signed token has them; an opaque token has no full stop. */
const signedTokenSyntax = /^[\w-]+\.[\w-]+\.[\w-]+$/

function thumbprintOf({ cnf }: JWTPayload): string | undefined {
  const jkt: unknown = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf ? cnf.jkt : undefined
  return typeof jkt === 'string' ? jkt : undefined
}

/** The claims that the person allowed one by one. Asked for when the engine has loaded the grant. */
const grantedClaims = {
  get: () => {
    const names = currentRequest()?.entities.Grant?.getOIDCClaims() ?? []
    return { userinfo: Object.fromEntries(names.map((name) => [name, null])) }
  },
}

/** What the engine would have stored, had it stored the token. */
function payloadOf({ claims, grantId }: LiveToken): object {
  const { sub: accountId, client_id: clientId, scope, jti, iat, exp } = claims
  const jkt = thumbprintOf(claims)
  return { accountId, clientId, grantId, scope, jti, iat, exp, ...(jkt !== undefined && { jkt }) }
}

/** Call once for each engine, before a request arrives. */
export function takeResourceTokensAtUserinfo(
  { AccessToken: model }: { readonly AccessToken: object },
  findLive: FindLiveToken,
): void {
  // The engine's type asks for the client object, which the engine looks up by `clientId`.
  const AccessToken = model as TokenModel
  const find = AccessToken.find.bind(AccessToken)

  async function findSelfContained(value: string): Promise<StoredToken | undefined> {
    const live = await findLive(value).catch(rethrowForEngine)
    return live === undefined ? undefined : new AccessToken(payloadOf(live))
  }

  async function findForUserinfo(value: string): Promise<StoredToken | undefined> {
    const token = await (signedTokenSyntax.test(value) ? findSelfContained(value) : find(value))
    if (token?.scopes.has('openid') !== true) return token
    if (token.claims === undefined) Object.defineProperty(token, 'claims', grantedClaims)
    return Object.assign(token, { aud: undefined })
  }

  AccessToken.find = (value, options) =>
    currentRequest()?.route === 'userinfo' ? findForUserinfo(value) : find(value, options)
}
