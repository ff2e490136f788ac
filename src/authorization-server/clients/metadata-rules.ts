/**
 * Connects the rules for client metadata to the engine, which calls them on registration, update, metadata document and every
 * load.
 */
import { randomSecret } from '../../base/secrets.js'
import type { DeclarationsInForce } from '../../oauth/declared-resource.js'
import { grantSwitches } from '../../oauth/grant-types.js'
import { type ClientMetadata, expectsSecret, normaliseMetadata } from '../../oauth/registration.js'
import {
  keepUsableRedirects,
  type RegistrationRules,
  type Violation,
  violations,
} from '../../oauth/registration-rules.js'
import { engineError } from '../engine/engine-errors.js'

/** The engine's names for the routes by which a client writes its own metadata (RFC 7591, RFC 7592). */
const selfRegistration: ReadonlySet<string> = new Set(['registration', 'client_update'])

/** Members that only the operator may set, never a metadata document, a registration or its update. */
const operatorMembers = [
  'introspects',
  'resources',
  'made_by_operator',
  'demands_auth_method',
  'client_secret_sha256',
  'consent',
  'require_pkce',
] as const

/** Takes out of what a stranger says of itself what only the operator may say, in place. */
export function dropOperatorMembers(metadata: Record<string, unknown>): void {
  for (const member of operatorMembers) delete metadata[member]
}

/** The answer names the first rule that was broken; the log names all. */
function refusal(first: Violation, broken: readonly Violation[]): Error {
  return engineError(first.error === 'invalid_redirect_uri' ? first.error : 'invalid_client_metadata', {
    description: first.message,
    detail: `refused by ${broken.map(({ name, source }) => `${name} (${source})`).join(', ')}`,
  })
}

export interface ClientMetadataRules {
  /** Members that the engine does not know itself. */
  readonly properties: string[]
  /**
   * Called for each member that is judged here. Changes the metadata in place. Throws the engine's error for metadata that is refused.
   * `route`: the engine's name of the endpoint, if there is a request.
   */
  readonly judge: (route: string | undefined, key: string, metadata: ClientMetadata) => void
}

/** `ownUrls`: of the issuer and its resources; absent where only the operator's clients are judged. */
export function clientMetadataRules({
  ownUrls: ownUrlsInForce = () => [],
  ...options
}: {
  readonly ownUrls?: (() => readonly string[]) | undefined
  readonly registrationRules: RegistrationRules
  readonly declarations: DeclarationsInForce
  readonly offersDeviceFlow: boolean
}): ClientMetadataRules {
  return {
    // `software_id` and `software_version` group registrations of one product.
    properties: ['software_id', 'software_version', ...operatorMembers],
    judge: (route, key, metadata) => {
      // Called once for every property: one call is enough.
      if (key !== 'software_id') return
      const ownUrls = ownUrlsInForce()
      const registrationRules = { ...options.registrationRules, ownUrls }
      // The engine takes the scheme in any case.
      const isMetadataDocument = /^https:/i.test(String(metadata['client_id']))
      const isFromStranger = isMetadataDocument || selfRegistration.has(route ?? '')
      const origin = {
        isMetadataDocument,
        isFromStranger,
        isStored: !isFromStranger,
        ...grantSwitches(options),
        ownUrls,
      }
      if (isFromStranger) keepUsableRedirects(metadata, registrationRules)
      normaliseMetadata(metadata, origin)
      // The engine decided about a secret before it got here.
      if (route === 'registration' && expectsSecret(metadata)) {
        const secret = { client_secret: randomSecret(), client_secret_expires_at: 0 }
        Object.assign(metadata, secret, { token_endpoint_auth_method: 'client_secret_post' })
      }
      if (isFromStranger) dropOperatorMembers(metadata)
      const broken = violations(metadata, registrationRules, origin)
      const [first] = broken
      if (first !== undefined) throw refusal(first, broken)
    },
  }
}
