/** Creates the account of BOOTSTRAP_EMAIL and BOOTSTRAP_PASSWORD at start. */
import { type AccountStore, normalizeEmail } from '../../storage/accounts/accounts.js'
import type { PasswordHasher } from '../login/passwords.js'
import { weaknesses } from './password-rules.js'
import { inEnglish } from './weakness-words.js'

export interface BootstrapSettings {
  readonly email: string
  readonly password: string
  readonly productName: string
}

/** Why there can be no such account; `undefined` when there can. */
export function bootstrapMistake({ email, password, productName }: BootstrapSettings): string | undefined {
  if (normalizeEmail(email) === undefined) return 'BOOTSTRAP_EMAIL must be an email address'
  const [reason] = weaknesses(password, { email, productName })
  return reason === undefined ? undefined : `BOOTSTRAP_PASSWORD is refused. ${inEnglish(reason)}`
}

/**
 * Creates the account unless it exists; an existing one keeps its password and its state. Throws one clear line if the password
 * is too weak or the address is not an email address, whether or not the account exists. So a bad setting shows at once.
 */
export async function bootstrapAccount(
  accounts: AccountStore,
  hasher: PasswordHasher,
  settings: BootstrapSettings,
): Promise<'created' | 'exists'> {
  const mistake = bootstrapMistake(settings)
  if (mistake !== undefined) throw new Error(mistake)
  const { email, password } = settings
  if ((await accounts.findByEmail(email)) !== undefined) return 'exists'
  const added = await accounts.add({ email, passwordHash: await hasher.hash(password) })
  return added === undefined ? 'exists' : 'created'
}
