/** Dependencies of the interaction steps. */
import type { Mailer } from '../../mail/mailer.js'
import type { SignInLevel } from '../../oauth/sign-in-levels.js'
import type { Pages } from '../../pages/pages.js'
import type { AccountStore } from '../../storage/accounts/accounts.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { SecondFactorStore } from '../../storage/factors/authenticator-apps.js'
import type { Storage } from '../../storage/storage.js'
import type { OwnNames } from '../clients/name-warnings.js'
import type { Engine } from '../engine/engine-types.js'
import type { ProviderAccounts } from '../identity-providers/provider-accounts.js'
import type { ProviderSignIn } from '../identity-providers/provider-sign-in.js'
import type { KnownBrowsers } from '../login/known-browsers.js'
import type { LoginMethods } from '../login/login-methods.js'
import type { PasskeyCeremonies } from '../login/passkey-ceremony.js'
import type { SignInThrottle } from '../login/throttle.js'
import type { CsrfProtection } from '../pages/csrf.js'
import type { Views } from '../pages/views.js'
import type { Resources } from '../resources/resources.js'
import type { DecisionGuard } from './decision-guard.js'

export interface InteractionParts {
  readonly engine: Engine
  readonly storage: Storage
  /** Makes a client's metadata document survive its host's failure: for clients somebody has allowed. */
  readonly keepDocument: (clientId: string) => Promise<void>
  readonly loginMethods: LoginMethods
  readonly accounts: AccountStore
  readonly providerSignIn: ProviderSignIn
  readonly providerAccounts: ProviderAccounts
  /** `undefined` where browsers offer none. */
  readonly passkeys: PasskeyCeremonies | undefined
  readonly secondFactors: SecondFactorStore
  readonly throttle: SignInThrottle
  readonly knownBrowsers: KnownBrowsers
  readonly audit: AuditTrail
  /** `undefined`: no mail is sent. */
  readonly mailer: Mailer | undefined
  readonly csrf: CsrfProtection
  readonly pages: Pages<Views>
  readonly resources: Resources
  /** What every sign-in must reach. */
  readonly requiredLevel: SignInLevel | undefined
  /** Whether the sign-in page leads to `/sign-up`. */
  readonly letsStrangersSignUp: () => boolean
  readonly decisionGuard: DecisionGuard
  /** Names that no client but the operator's own may be mistaken for. */
  readonly ownNames: () => OwnNames
  /** Offer to show the answer for a program on another machine. */
  readonly offersHandOff: boolean
  readonly refreshTokenTtlSeconds: number
  readonly sessionTtlSeconds: number
  /** Exact `issuer`. */
  readonly issuer: string
  /** See `AuthorizationServerOptions`. */
  readonly hidesAddresses: boolean
}
