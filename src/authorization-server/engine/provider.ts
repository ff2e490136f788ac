/**
 * The one place that constructs the engine (oidc-provider). Owns its configuration; decisions of the product are functions from
 * the files beside it. The engine's version is pinned exactly, and its experimental features are acknowledged here.
 */
import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import initializeKeystore from 'oidc-provider/lib/helpers/initialize_keystore.js'
import { derived } from '../../oauth/declared-resource.js'
import { grantSwitches, grantTypes } from '../../oauth/grant-types.js'
import { ownUrlsOf } from '../../oauth/own-hosts.js'
import type { NamedClientMetadata } from '../../oauth/registration.js'
import { pathOf } from '../../oauth/well-known.js'

import { clockToleranceSeconds } from '../../storage/engine-model.js'
import type { KeyRing, Keys } from '../../storage/keys/key-ring.js'
import { requiresPkce } from '../clients/pkce.js'
import { CookieSigner } from '../cookie-signer.js'
import { askerOf } from '../device/asker.js'
import type { DevicePageRequest } from '../device/pages.js'
import type { PostForm } from '../endpoints/form-post.js'
import { assertAuthenticationContext, claimsOfScope } from '../endpoints/requested-claims.js'
import { grantClaim } from '../endpoints/revocation-feed.js'
import { mayStayConnected } from '../interactions/grant.js'
import { grantStanding, type StandingConsentParts } from '../interactions/standing-consent.js'
import type { AuthorizationServerOptions } from '../options.js'
import { mayIntrospect } from '../resources/introspected.js'
import type { Resources } from '../resources/resources.js'
import { routes } from '../routes.js'
import {
  clientAssertionRules,
  compareLoopbackRedirects,
  compareSecrets,
  expectAudience,
  sayDemandedLevel,
} from './authentication.js'
import { renewSessionsInPlace, resumeForSignedInBrowser } from './browser-sessions.js'
import { keepBuiltClients } from './built-clients.js'
import { type ClientRuleOptions, clientConfiguration, clientFeatures } from './client-configuration.js'
import { verifiedProof } from './dpop-proof.js'
import { findAccountIn } from './engine-account.js'
import { createEngineAdapters } from './engine-adapter.js'
import type { EngineClients } from './engine-clients.js'
import { ourContext } from './engine-context.js'
import { engineCookies } from './engine-cookies.js'
import { engineMistake } from './engine-judgement.js'
import type { EnginePages } from './engine-pages.js'
import { explainRefusedGrantTypes } from './grant-types.js'
import { carryGrantedScopes } from './granted-scopes.js'
import { createInteractionPolicy } from './interaction-policy.js'
import { lifetimes } from './lifetimes.js'
import { enforceSingleUse } from './one-time.js'
import { rotatesRefreshToken } from './refresh-rotation.js'
import { mayBeRefreshed, resourceIndicators } from './resource-indicators.js'
import { engineKey } from './signing-key.js'

/** Draft of OAuth Client ID Metadata Document that the engine implements and we tested. */
const metadataDocumentDraft = 'draft-02'

export interface ProviderParts {
  readonly options: AuthorizationServerOptions
  readonly resources: Resources
  readonly keyRing: Pick<KeyRing, 'follow' | 'keys'>
  readonly pages: EnginePages
  readonly clients: EngineClients
  readonly standing: StandingConsentParts
}

function deviceRequest(ctx: KoaContextWithOIDC): DevicePageRequest {
  return { ctx: ourContext(ctx), request: ctx.oidc, engine: ctx.oidc.provider }
}

function features(parts: ProviderParts): Configuration['features'] {
  const { options, pages } = parts
  const { registration } = options
  const switches = clientFeatures(options)
  return {
    claimsParameter: { enabled: true, assertClaimsParameter: (_ctx, claims) => assertAuthenticationContext(claims) },
    ...switches,
    clientIdMetadataDocument: options.acceptsMetadataDocuments
      ? // It announces the feature. Finding such a client is ours (clients/client-lookup.ts), fetching never the engine's.
        { enabled: true, ack: metadataDocumentDraft, allowFetch: () => false }
      : { enabled: false },
    deviceFlow: {
      ...switches.deviceFlow,
      deviceInfo: (ctx) => ({ ...askerOf(ourContext(ctx)) }),
      userCodeInputSource: (ctx, _form, out, error) => {
        const failure = error === undefined ? undefined : { error, code: out?.error }
        return pages.device.enterCode(deviceRequest(ctx), failure)
      },
      userCodeConfirmSource: async () => {
        throw new Error('a code that was entered is confirmed on the consent page')
      },
      successSource: (ctx) => pages.device.succeeded(deviceRequest(ctx)),
    },
    introspection: {
      ...switches.introspection,
      // RFC 7662 §4: only the resource server whose audience the token has.
      allowedPolicy: async (_ctx, client, token) => {
        const audience = 'aud' in token ? token.aud : undefined
        return typeof audience === 'string' && mayIntrospect(client['introspects'], audience, parts.resources)
      },
    },
    registration: { enabled: registration.mode !== 'closed', initialAccessToken: registration.mode === 'token' },
    registrationManagement: { enabled: registration.mode !== 'closed', rotateRegistrationAccessToken: true },
    resourceIndicators: resourceIndicators({
      ...{ resources: parts.resources, clock: options.storage.clock },
      ...{ onUnknown: options.onUnknownResource, hidesAddresses: options.hidesAddresses },
    }),
    // RFC 7009 §2.1: only the client a token was issued to may revoke it.
    revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
    rpInitiatedLogout: {
      ...switches.rpInitiatedLogout,
      logoutSource: async (ctx) => pages.signOut(ourContext(ctx), ctx.oidc),
      postLogoutSuccessSource: async (ctx) => pages.signedOut(ourContext(ctx)),
    },
    userinfo: { enabled: true },
  }
}

/** Asked when the refresh token, the client and the proof of the request are verified. */
async function rotates(ctx: KoaContextWithOIDC): Promise<boolean> {
  const { client, provider, entities } = ctx.oidc
  if (client === undefined) return true
  return rotatesRefreshToken({
    client,
    hasProof: async () => (await verifiedProof(provider, ourContext(ctx))) !== undefined,
    ttlPercentagePassed: entities.RefreshToken?.ttlPercentagePassed() ?? 100,
  })
}

/** The same list until a declaration changes, because the caller keeps an index of it. */
function ownUrlsInForce({ issuer, declarations }: AuthorizationServerOptions): () => readonly string[] {
  return derived(declarations, ({ resources }) => ownUrlsOf({ issuer, resources }))
}

function configuration(parts: ProviderParts): Configuration {
  const { options, keyRing, pages } = parts
  return {
    ...clientConfiguration({ ...options, ownUrls: ownUrlsInForce(options) }),
    adapter: createEngineAdapters(options.storage, parts.clients),
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: clientAssertionRules(options.storage.clock),
    // How and when the person signed in is in every ID token; userinfo does not know it.
    claims: Object.fromEntries(Object.entries(claimsOfScope).map(([scope, claims]) => [scope, [...claims]])),
    // Nothing at these endpoints rests on cookies, so any origin may call them.
    clientBasedCORS: () => true,
    clockTolerance: clockToleranceSeconds,
    // Sign-in libraries read the ID token alone, and it is the same with and without a resource.
    conformIdTokenClaims: false,
    cookies: { keys: new CookieSigner(keyRing.keys.cookie), ...engineCookies(options.issuer) },
    expiresWithSession: async () => false,
    extraTokenClaims: async (_ctx, token) => grantClaim('grantId' in token ? token.grantId : undefined),
    features: features(parts) ?? {},
    fetch: (url, init) => options.untrustedFetch(url, init),
    findAccount: findAccountIn(options.storage, parts.resources),
    interactions: {
      policy: createInteractionPolicy(parts.standing),
      url: async (_ctx, interaction) => `${pathOf(options.issuer)}/interaction/${interaction.uid}`,
    },
    issueRefreshToken: async ({ oidc }, client) =>
      client.grantTypeAllowed('refresh_token') &&
      mayStayConnected(oidc.entities.Grant) &&
      mayBeRefreshed(oidc.entities.Grant, parts.resources),
    jwks: { keys: keyRing.keys.signing.map(engineKey) },
    // One grant for each authorization: the one that the consent page has just made, or a new one.
    loadExistingGrant: async (ctx) => {
      const grantId =
        ctx.oidc.result?.consent?.grantId ?? (await grantStanding(parts.standing, ctx.oidc.provider, ctx.oidc))
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId)
    },
    pkce: { required: ({ oidc }, client) => requiresPkce(oidc, client) },
    renderError: async (ctx, out, error) => pages.renderError(ourContext(ctx), out.error, error),
    // The engine would keep the grant of an access token, and nothing that is issued under it: it ends too, and the audit trail says so.
    revokeGrantPolicy: () => true,
    rotateRefreshToken: rotates,
    routes,
    ttl: lifetimes(options),
  }
}

/**
 * Puts other keys in place of those the engine was made with. One synchronous step: a request under way has chosen its key together
 * with that key's `kid` before or after it.
 */
function replaceKeys(provider: Provider, { signing, cookie }: Keys): void {
  initializeKeystore.call(provider, { keys: signing.map(engineKey) })
  provider.keys = new CookieSigner(cookie)
}

/** Our page in place of the engine's for answers that are posted. The engine registers its modes while it is constructed, and keeps the first of a name. */
function engineThatPosts(postForm: PostForm): typeof Provider {
  return class extends Provider {
    override registerResponseMode(
      name: string,
      handler: Parameters<Provider['registerResponseMode']>[1],
    ): ReturnType<Provider['registerResponseMode']> {
      const ours: typeof handler = (ctx, redirectUri, response) => {
        const fields = Object.entries(response).map(([field, value]) => [field, String(value)] as const)
        postForm(ourContext(ctx), redirectUri, Object.fromEntries(fields))
      }
      super.registerResponseMode(name, name === 'form_post' ? ours : handler)
    }
  }
}

/** A configured engine, which follows the keys. Mount it on an app whose `keys` are the same cookie keys. */
export function createProvider(parts: ProviderParts): Provider {
  const PostingProvider = engineThatPosts(parts.pages.postForm)
  const provider = new PostingProvider(parts.options.issuer, configuration(parts))
  parts.keyRing.follow((keys) => replaceKeys(provider, keys))
  carryGrantedScopes(provider, parts.resources, parts.options.offersDeviceFlow)
  enforceSingleUse(provider, parts.options.storage, (ctx) => verifiedProof(provider, ctx))
  renewSessionsInPlace(provider)
  resumeForSignedInBrowser(provider)
  compareSecrets(provider)
  compareLoopbackRedirects(provider, ownUrlsInForce(parts.options))
  expectAudience(provider, parts.options.acceptsTokenEndpointAudience ?? false)
  sayDemandedLevel(provider)
  keepBuiltClients(provider)
  explainRefusedGrantTypes(provider, grantSwitches(parts.options))
  parts.clients.attach(provider)
  return provider
}

/** Only the algorithms count: the engine reads a key when it signs, and one that judges never does. */
const keysForJudging = [
  { kty: 'RSA', alg: 'RS256', n: '-', e: '-', d: '-', p: '-', q: '-', dp: '-', dq: '-', qi: '-' },
  { kty: 'EC', alg: 'ES256', crv: 'P-256', x: '-', y: '-', d: '-' },
] as const

/**
 * Judges the operator's clients as the engine of a server with these options would at their first request, without keys and
 * database. Answers what is wrong with a client's metadata, the member named, or `undefined`.
 */
export function createClientJudge(options: ClientRuleOptions): (metadata: NamedClientMetadata) => string | undefined {
  const provider = new Provider(options.issuer, {
    ...clientConfiguration(options),
    adapter: () => {
      throw new Error('an engine that judges stores nothing')
    },
    features: clientFeatures(options),
    jwks: { keys: keysForJudging.map((key) => ({ ...key })) },
  })
  for (const { name } of grantTypes.filter(({ isOurs }) => isOurs)) provider.registerGrantType(name, () => undefined)
  return (metadata) => engineMistake(provider, metadata)
}
