/** `gatehouse accounts factors`: what a person can sign in with besides a password, and how the operator takes it off a lost account. */
import { createSecondFactorStore } from '../storage/factors/authenticator-apps.js'
import { createPasskeyStore } from '../storage/factors/passkeys.js'
import type { Storage } from '../storage/storage.js'
import { type Terminal, UsageError, writeJson, writeLine, writeTable } from './command.js'

const kinds = ['passkeys', 'app', 'recovery-codes', 'all'] as const

export type RemovableFactor = (typeof kinds)[number]

/** What `--remove` says. */
export function removableFactor(text: string | undefined): RemovableFactor | undefined {
  const found = kinds.find((kind) => kind === text)
  if (text !== undefined && found === undefined) throw new UsageError(`--remove takes one of ${kinds.join(', ')}`)
  return found
}

export async function showFactors(
  terminal: Terminal,
  storage: Storage,
  account: { readonly id: string; readonly passwordHash: string | undefined },
  asJson: boolean,
): Promise<void> {
  const passkeys = await createPasskeyStore(storage).list(account.id)
  const { appSince, recoveryCodes } = await createSecondFactorStore(storage).of(account.id)
  const hasPassword = account.passwordHash !== undefined
  if (asJson) return writeJson(terminal, { password: hasPassword, passkeys, app: { since: appSince }, recoveryCodes })
  const day = (moment: Date | undefined) => moment?.toISOString().slice(0, 10) ?? ''
  writeTable(terminal, [
    ['FACTOR', 'NAME', 'SINCE', 'LAST USED'],
    ...(hasPassword ? [['password', '', '', '']] : []),
    ...passkeys.map(({ name, createdAt, lastUsedAt }) => ['passkey', name, day(createdAt), day(lastUsedAt)]),
    ...(appSince === undefined ? [] : [['authenticator app', '', day(appSince), '']]),
    ...(recoveryCodes === 0 ? [] : [[`${recoveryCodes} recovery codes`, '', '', '']]),
  ])
}

/** Returns what was removed, for the audit trail. */
export async function removeFactors(
  terminal: Terminal,
  storage: Storage,
  { id, email }: { readonly id: string; readonly email: string },
  kind: RemovableFactor,
): Promise<readonly string[]> {
  const { prisma } = storage
  const where = { accountId: id }
  const isMeant = (each: RemovableFactor) => kind === 'all' || kind === each
  const removed: string[] = []
  const note = (count: number, name: string) => void (count > 0 && removed.push(name))
  if (isMeant('passkeys')) note((await prisma.passkey.deleteMany({ where })).count, 'passkeys')
  if (isMeant('app')) note((await prisma.authenticatorApp.deleteMany({ where })).count, 'authenticator app')
  if (isMeant('recovery-codes')) note((await prisma.recoveryCode.deleteMany({ where })).count, 'recovery codes')
  const what = removed.length === 0 ? 'nothing: there was none' : removed.join(', ')
  writeLine(terminal, `Removed from ${email}: ${what}.`)
  return removed
}
