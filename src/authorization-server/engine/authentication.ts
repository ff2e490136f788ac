/**
 * How confidential clients prove who they are, beyond what the engine checks: secrets that are known by their hash, the method a
 * client is registered for, and what a client assertion (RFC 7523) may claim.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.js'
import { secretsEqual } from '../../base/secrets.js'
import { claimsMetadataDocument } from '../../oauth/client-id.js'
import { futureToleranceSeconds } from '../../oauth/clock-skew.js'
import { isOnOwnHost } from '../../oauth/own-hosts.js'
import { loopbackSpellings } from '../../oauth/redirect-uri.js'
import { saidLevel } from '../../oauth/sign-in-levels.js'
import { clockToleranceSeconds } from '../../storage/engine-model.js'
import { essentialContexts } from '../endpoints/requested-claims.js'
import { currentRequest } from './engine-context.js'
import { engineError } from './engine-errors.js'
import type { EngineClient, EngineRequest } from './engine-types.js'
import { expectAssertionUse } from './one-time.js'

/** An assertion is made for one request; one that lives longer could be stolen and kept, and would have to be remembered. */
const longestAssertionSeconds = 3_600
const longestIdentifier = 512

function presentedMethod(): string {
  return currentRequest()?.params?.['client_secret'] === undefined ? 'client_secret_basic' : 'client_secret_post'
}

/** What the engine asks of a client, replaced here for all of them. */
interface ClientMethods {
  compareClientSecret(this: EngineClient, actual: string): boolean | Promise<boolean>
  redirectUriAllowed(this: EngineClient, value: string): boolean
  postLogoutRedirectUriAllowed(this: EngineClient, value: string): boolean
}

interface WithClients {
  readonly Client: { readonly prototype: ClientMethods }
}

/**
 * Teaches the engine to compare secrets. Where the operator named the method, the secret is taken that way only. Others may send
 * it either way, because clients in the field leave the method out, which means client_secret_basic, and then post it.
 */
export function compareSecrets({ Client: { prototype } }: WithClients): void {
  const compare = prototype.compareClientSecret
  prototype.compareClientSecret = async function compareClientSecret(actual) {
    if (this['demands_auth_method'] === true && presentedMethod() !== this.clientAuthMethod) return false
    const hash = this['client_secret_sha256']
    if (typeof hash !== 'string') return compare.call(this, actual)
    return secretsEqual(createHash('sha256').update(actual).digest('hex'), hash)
  }
}

/**
 * Teaches the engine that a loopback redirect without a path is the one with a slash, whichever was registered. The port of a loopback
 * redirect is free, so a request could name that of a server on loopback: `ownUrls`.
 */
export function compareLoopbackRedirects(
  { Client: { prototype } }: WithClients,
  ownUrls: () => readonly string[] = () => [],
): void {
  const { redirectUriAllowed, postLogoutRedirectUriAllowed } = prototype
  const mayNotLeadTo = (client: EngineClient, value: string): boolean =>
    client['made_by_operator'] !== true && isOnOwnHost(value, ownUrls())
  prototype.redirectUriAllowed = function redirectAllowed(value) {
    if (mayNotLeadTo(this, value)) return false
    return loopbackSpellings(value).some((spelling) => redirectUriAllowed.call(this, spelling))
  }
  prototype.postLogoutRedirectUriAllowed = function postLogoutAllowed(value) {
    return !mayNotLeadTo(this, value) && postLogoutRedirectUriAllowed.call(this, value)
  }
}

/**
 * Whom a client assertion may be for: the issuer alone (FAPI 2.0 §5.3.2.1, RFC 7523bis §3), at every endpoint. An assertion for an endpoint's
 * URL can be had by another server that makes the client believe that URL to be its own. A client that is a URL (CIMD) may name the token
 * endpoint all the same: ChatGPT does, and nobody can configure it. `acceptsTokenEndpoint`: so may every client.
 */
export function expectAudience(
  { OIDCContext }: { readonly OIDCContext: { readonly prototype: object } },
  acceptsTokenEndpoint: boolean,
): void {
  Object.assign(OIDCContext.prototype, {
    clientJwtAuthExpectedAudience: function expectedAudience(this: EngineRequest & { readonly issuer: string }) {
      const mayNameEndpoint = acceptsTokenEndpoint || claimsMetadataDocument(this.client?.clientId ?? '')
      return new Set([this.issuer, ...(mayNameEndpoint ? [this.urlFor('token')] : [])])
    },
  })
}

/**
 * What the engine takes a sign-in's `acr` for: a stronger sign-in than an essential one of the request is that one too, by its name, because
 * the client must find a value that it named (OpenID Connect Core §5.5.1.1).
 */
export function sayDemandedLevel({ OIDCContext }: { readonly OIDCContext: { readonly prototype: object } }): void {
  Object.defineProperty(OIDCContext.prototype, 'acr', {
    configurable: true,
    get(this: EngineRequest) {
      const claims = this.params?.['claims']
      return saidLevel(this.session?.acr, essentialContexts(typeof claims === 'string' ? claims : undefined) ?? [])
    },
  })
}

/**
 * Further checks of a client assertion; the engine has checked signature, `iss`, `sub`, `exp`, `nbf`, and that one audience is ours.
 * Its `jti` is remembered after this (one-time.ts).
 */
export function clientAssertionRules(clock: Clock): (ctx: object, claims: Readonly<Record<string, unknown>>) => void {
  const refused = (detail: string) => engineError('invalid_client', { detail })
  return (ctx, { aud, exp, iat, jti }) => {
    const now = clock.now().getTime() / 1000
    // Another server that the assertion is for as well could use it here (RFC 7523bis §3).
    if (Array.isArray(aud) && aud.length !== 1) throw refused('the assertion has several audiences')
    if (typeof exp !== 'number' || exp > now + longestAssertionSeconds + clockToleranceSeconds) {
      throw refused('the assertion lives longer than an hour')
    }
    if (iat !== undefined && (typeof iat !== 'number' || iat > now + futureToleranceSeconds)) {
      throw refused('the assertion is from the future')
    }
    if (typeof jti !== 'string' || jti.length > longestIdentifier) {
      throw refused('the assertion has no usable jti')
    }
    expectAssertionUse(ctx)
  }
}
