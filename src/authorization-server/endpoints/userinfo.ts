/**
 * Lets userinfo (OpenID Connect Core §5.3) take access tokens that were issued for a resource together with the scope `openid`: a client
 * that signs a person in and calls tools has one access token. Userinfo is the one exception to "a token works at the resource it was
 * issued for": the token's audience stays that resource alone, so that no other resource server takes it.
 *
 * Such a token does not say which claims were requested one by one (OpenID Connect Core §5.5), so that it gets all that the person allowed in
 * this way, those for the ID token included.
 *
 * The engine refuses a token with an audience, and does not know tokens that verify themselves. It goes on to check scope, proof of
 * possession, client, account and grant as for every other token.
 */
import type { JWTPayload } from 'jose'
import { Provider } from 'oidc-provider'
import { clockToleranceSeconds } from '../../storage/engine-model.js'
import { grantOfLiveToken } from '../../storage/grants/live-access-tokens.js'
import type { Storage } from '../../storage/storage.js'
import { rethrowForEngine } from '../engine/engine-errors.js'
import type { ReadSelfContained } from './self-contained-tokens.js'

type AccessToken = InstanceType<Provider['AccessToken']>

type Find = (value: string, options?: { readonly ignoreExpiration?: boolean }) => Promise<AccessToken | undefined>

/** Three parts, as a signed token has them; an opaque token has no full stop. */
const signedTokenSyntax = /^[\w-]+\.[\w-]+\.[\w-]+$/

function thumbprintOf({ cnf }: JWTPayload): string | undefined {
  const jkt: unknown = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf ? cnf.jkt : undefined
  return typeof jkt === 'string' ? jkt : undefined
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The claims that the person allowed one by one. Asked for when the engine has loaded the grant. */
const grantedClaims = {
  get: () => {
    const names = Provider.ctx?.oidc.entities.Grant?.getOIDCClaims() ?? []
    return { userinfo: Object.fromEntries(names.map((name) => [name, null])) }
  },
}

/** What the engine would have stored, had it stored the token. */
function instanceOf(provider: Provider, claims: JWTPayload, grantId: string): AccessToken {
  const { sub: accountId, client_id: clientId, scope, jti, iat, exp } = claims
  const jkt = thumbprintOf(claims)
  const payload = { accountId, clientId, grantId, scope, jti, iat, exp, ...(jkt !== undefined && { jkt }) }
  // The type asks for the client object, which the engine looks up by `clientId`.
  return Reflect.construct(provider.AccessToken, [payload])
}

/** Call once for each engine, before a request arrives. */
export function takeResourceTokensAtUserinfo(provider: Provider, storage: Storage, read: ReadSelfContained): void {
  const { AccessToken } = provider
  const find = AccessToken.find.bind(AccessToken) as Find

  async function findSelfContained(value: string): Promise<AccessToken | undefined> {
    const { claims } = (await read(value, clockToleranceSeconds)) ?? {}
    // A machine's token names no grant: it is about nobody.
    if (claims === undefined || claims['gid'] === undefined) return undefined
    const grantId = await grantOfLiveToken(storage, {
      accountId: text(claims.sub),
      clientId: text(claims['client_id']),
      grantHash: text(claims['gid']),
      tokenId: text(claims.jti),
    }).catch(rethrowForEngine)
    return grantId === undefined ? undefined : instanceOf(provider, claims, grantId)
  }

  async function findForUserinfo(value: string): Promise<AccessToken | undefined> {
    const token = await (signedTokenSyntax.test(value) ? findSelfContained(value) : find(value))
    if (token?.scopes.has('openid') !== true) return token
    if (token.claims === undefined) Object.defineProperty(token, 'claims', grantedClaims)
    return Object.assign(token, { aud: undefined })
  }

  Object.assign(AccessToken, {
    find: (value, options) => (Provider.ctx?.oidc.route === 'userinfo' ? findForUserinfo(value) : find(value, options)),
  } satisfies { find: Find })
}
