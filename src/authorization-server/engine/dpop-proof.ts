/** The proof of possession (DPoP, RFC 9449) that the engine has verified for a request. */
import type { Provider, TokenEndpointGrantContext } from 'oidc-provider'
import { validateDpop } from 'oidc-provider/lib/helpers/grants.js'
import type { HttpContext } from '../../http/context.js'

export interface VerifiedProof {
  readonly thumbprint: string
  readonly jti: string
  /** Seconds since 1970. */
  readonly iat: number
}

/** `undefined` without a proof. The engine keeps what it verified for this request, at whichever endpoint. */
export function verifiedProof(provider: Provider, ctx: HttpContext): Promise<VerifiedProof | undefined> {
  return validateDpop(provider, ctx as unknown as TokenEndpointGrantContext)
}
