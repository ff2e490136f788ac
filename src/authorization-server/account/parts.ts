/** Dependencies of the account area. */
import type { Mailer } from '../../mail/mailer.js'
import type { Pages } from '../../pages/pages.js'
import type { IdentityLinks } from '../../storage/accounts/identity-links.js'
import type { SecondFactorStore } from '../../storage/factors/authenticator-apps.js'
import type { OwnNames } from '../clients/name-warnings.js'
import type { ProviderAccounts } from '../identity-providers/provider-accounts.js'
import type { ProviderSignIn } from '../identity-providers/provider-sign-in.js'
import type { SessionParts } from '../login/browser-session.js'
import type { LoginMethods } from '../login/login-methods.js'
import type { PasskeyCeremonies } from '../login/passkey-ceremony.js'
import type { PasswordHasher } from '../login/passwords.js'
import type { SignInParts } from '../login/sign-in-check.js'
import type { CsrfProtection } from '../pages/csrf.js'
import type { Views } from '../pages/views.js'
import type { Resources } from '../resources/resources.js'

export interface AccountParts extends SessionParts, SignInParts {
  readonly loginMethods: LoginMethods
  /** `undefined` where browsers offer none. */
  readonly passkeys: PasskeyCeremonies | undefined
  readonly secondFactors: SecondFactorStore
  readonly hasher: PasswordHasher
  readonly productName: string
  /** `undefined`: no mail is sent. */
  readonly mailer: Mailer | undefined
  readonly providerSignIn: ProviderSignIn
  readonly providerAccounts: ProviderAccounts
  readonly identityLinks: IdentityLinks
  readonly csrf: CsrfProtection
  readonly pages: Pages<Views>
  readonly resources: Resources
  /** Names that no client but the operator's own may be mistaken for. */
  readonly ownNames: () => OwnNames
}
