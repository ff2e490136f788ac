/** Second factors and passkeys of test accounts, put there without pages. */
import { Secret, TOTP } from 'otpauth'
import {
  newAppSecret,
  newRecoveryCode,
  normalizeRecoveryCode,
} from '../../src/authorization-server/login/one-time-codes.js'
import { hashSecret, randomSecret } from '../../src/base/secrets.js'
import { createSecondFactorStore } from '../../src/storage/factors/authenticator-apps.js'
import { createPasskeyStore } from '../../src/storage/factors/passkeys.js'
import type { Storage } from '../../src/storage/storage.js'
import type { Page } from './browser.js'
import type { SoftwareAuthenticator } from './software-authenticator.js'

/** The code that an app shows at a moment. */
export function codeAt(secret: string, moment: Date): string {
  return new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: 30 }).generate({
    timestamp: moment.getTime(),
  })
}

/** Sets up an app for the account. Returns its secret. */
export async function giveApp(storage: Storage, accountId: string): Promise<string> {
  const store = createSecondFactorStore(storage)
  const secret = newAppSecret()
  await store.begin(accountId, secret)
  if (!(await store.confirm(accountId, secret, 0))) throw new Error('the app was not set up')
  return secret
}

export async function giveRecoveryCodes(storage: Storage, accountId: string): Promise<readonly string[]> {
  const codes = [newRecoveryCode(), newRecoveryCode()]
  const plain = codes.map((code) => normalizeRecoveryCode(code) ?? '')
  await createSecondFactorStore(storage).replaceRecoveryCodes(accountId, plain)
  return codes
}

/** Gives the account a passkey of the device. Returns its id. */
export async function givePasskey(
  storage: Storage,
  accountId: string,
  device: SoftwareAuthenticator,
  counter = 1,
): Promise<string> {
  const { id, publicKey } = device.make(accountId)
  const passkey = { id, accountId, publicKey, counter, transports: [], isSynced: false, name: 'Test device' }
  const challenge = { hash: hashSecret(randomSecret()), expiresAt: new Date(Date.now() + 60_000) }
  if (!(await createPasskeyStore(storage).add(passkey, challenge))) throw new Error('the passkey was not added')
  return id
}

/** What the script of the page is told to ask the device for. */
export function passkeyOptions(page: Page): string {
  const [, escaped] = /data-options="([^"]*)"/.exec(page.html) ?? []
  if (escaped === undefined) throw new Error(`no passkey is asked for on "${page.heading}"`)
  return escaped.replaceAll('&#34;', '"').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
