/** The account that BOOTSTRAP_EMAIL and BOOTSTRAP_PASSWORD ask for at start. */
import { type AccountStore, normalizeEmail } from '../../storage/accounts.js'
import { weaknesses } from './password-rules.js'
import type { PasswordHasher } from './passwords.js'

export interface BootstrapSettings {
  readonly email: string
  readonly password: string
  readonly productName: string
}

/**
 * Creates the account unless it exists; an existing one keeps its password and its state. Throws one clear line when the
 * password is too weak or the email is none, whether or not the account exists, so that bad settings show at once.
 */
export async function bootstrapAccount(
  accounts: AccountStore,
  hasher: PasswordHasher,
  { email, password, productName }: BootstrapSettings,
): Promise<'created' | 'exists'> {
  if (normalizeEmail(email) === undefined) throw new Error('BOOTSTRAP_EMAIL must be an email address')
  const [reason] = weaknesses(password, { email, productName })
  if (reason !== undefined) throw new Error(`BOOTSTRAP_PASSWORD is refused. ${reason}`)
  if ((await accounts.findByEmail(email)) !== undefined) return 'exists'
  const added = await accounts.add({ email, passwordHash: await hasher.hash(password) })
  return added === undefined ? 'exists' : 'created'
}
