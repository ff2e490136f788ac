/**
 * The engine's configuration that decides which client metadata is valid. The serving engine and the one that only checks
 * the declaration file share it, so a client that passes the check at start is never refused at its first request.
 */
import { dpopProofAlgorithms } from '../../oauth/dpop.js'
import { defaultGrantTypes } from '../../oauth/grant-types.js'
import type { ClientMetadata } from '../../oauth/registration.js'
import { signInLevels } from '../../oauth/sign-in-levels.js'
import { clientMetadataRules } from '../clients/metadata-rules.js'
import type { AuthorizationServerOptions } from '../options.js'
import { openidScopes } from '../resources/resources.js'
import type { EngineClient, EngineContext } from './engine-types.js'

export type ClientRuleOptions = Pick<
  AuthorizationServerOptions,
  'issuer' | 'registrationRules' | 'declarations' | 'offersDeviceFlow'
> & {
  /** URLs of the issuer and its resources. Absent: only the operator's clients are judged. */
  readonly ownUrls?: () => readonly string[]
}

/** Version of the engine's support for keys that sign by themselves. */
const externalSigningVersion = 'experimental-01'

/** Each switch brings grant types or metadata members along. */
export function clientFeatures({ offersDeviceFlow }: ClientRuleOptions) {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: offersDeviceFlow, charset: 'base-20', mask: '****-****' },
    // No nonces: a proof is fresh by its `iat` and good once by its `jti`, which all processes remember together.
    dPoP: { enabled: true },
    externalSigningSupport: { enabled: true, ack: externalSigningVersion },
    introspection: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  } as const
}

/** The rules for client metadata as the engine takes them. */
export function extraClientMetadata(options: Parameters<typeof clientMetadataRules>[0]) {
  const { properties, judge } = clientMetadataRules(options)
  return {
    properties,
    validator: (ctx: EngineContext | undefined, key: string, _value: unknown, metadata: ClientMetadata) =>
      judge(ctx?.oidc.route, key, metadata),
  }
}

/** Everything of it but the features. */
export function clientConfiguration(options: ClientRuleOptions) {
  return {
    acrValues: [...signInLevels],
    clientAuthMethods: [
      'none' as const,
      'client_secret_basic' as const,
      'client_secret_post' as const,
      'private_key_jwt' as const,
    ],
    clientDefaults: {
      grant_types: defaultGrantTypes(true),
      // OpenID Connect Registration §2: client libraries refuse any other algorithm unless they asked for it.
      id_token_signed_response_alg: 'RS256' as const,
      response_types: ['code' as const],
      token_endpoint_auth_method: 'client_secret_basic' as const,
    },
    enabledJWA: { dPoPSigningAlgValues: [...dpopProofAlgorithms] },
    extraClientMetadata: extraClientMetadata(options),
    // Any function of one's own makes `refresh_token` a grant type that clients may name; provider.ts has the one that serves.
    issueRefreshToken: async (_ctx: EngineContext, client: EngineClient) => client.grantTypeAllowed('refresh_token'),
    responseTypes: ['code' as const],
    scopes: [...openidScopes],
  }
}
