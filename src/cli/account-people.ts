/** `gatehouse accounts invite`, `remove` and `export`: how people come, how they go, and what is kept about them. */
import { unlockAccount } from '../authorization-server/login/throttle.js'
import { createLogger } from '../base/log.js'
import { normalizeEmail } from '../oauth/email-address.js'
import { signUpOf } from '../oauth/sign-up.js'
import { accountDataOf, removeAccount } from '../storage/accounts/account-data.js'
import { createAccountInvitations } from '../storage/accounts/account-invitations.js'
import { type Account, createAccountStore } from '../storage/accounts/accounts.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import { readDeclared } from '../storage/declarations/declarations.js'
import type { Storage } from '../storage/storage.js'
import { loadConfig, type Terminal, UsageError, writeJson, writeLine } from './command.js'
import { withStorage } from './storage.js'

const auditOf = (storage: Storage) => createAuditTrail(storage, createLogger('silent'))

async function existing(storage: Storage, email: string): Promise<Account> {
  const account = await createAccountStore(storage).findByEmail(email)
  if (account === undefined) throw new Error(`there is no account ${email}`)
  return account
}

/** Prints the link alone, so that a script can send it. */
export async function invite(
  terminal: Terminal,
  text: string,
  { group = [] }: { readonly group?: readonly string[] | undefined },
): Promise<void> {
  const email = normalizeEmail(text)
  if (email === undefined) throw new UsageError(`${JSON.stringify(text)} is not an email address`)
  const { declaredBy } = await import('../program/declarations/in-force.js')
  const config = loadConfig(terminal)
  await withStorage(terminal, async (storage) => {
    const declarations = declaredBy(config, (await readDeclared(storage)).rows)
    if (signUpOf(declarations, config.ISSUER_URL).policy === 'closed')
      throw new Error(
        'nobody may make an account: set `sign_up: invite` in gatehouse.yaml, or use `gatehouse accounts add`',
      )
    const known = (declarations.groups ?? []).map(({ name }) => name)
    const missing = group.find((name) => !known.includes(name))
    if (missing !== undefined) throw new Error(`there is no group ${missing}`)
    if ((await createAccountStore(storage).findByEmail(email)) !== undefined)
      throw new Error(`there is an account ${email} already`)
    const token = await createAccountInvitations(storage).issue({ email, groups: [...new Set(group)] })
    await auditOf(storage).record({ type: 'account.invited', detail: { by: 'command line', groups: [...group] } })
    writeLine(terminal, `${config.ISSUER_URL}/invite/${token}`)
  })
}

export async function remove(terminal: Terminal, email: string): Promise<void> {
  await withStorage(terminal, async (storage) => {
    const account = await existing(storage, email)
    await removeAccount(storage, account)
    await unlockAccount(storage, account.email)
    await auditOf(storage).record({ type: 'account.removed', accountId: account.id, detail: { by: 'command line' } })
    writeLine(
      terminal,
      `Removed ${account.email}. Its audit events stay until their time is over, under ${account.id}.`,
    )
  })
}

export async function exportAccount(terminal: Terminal, email: string): Promise<void> {
  await withStorage(terminal, async (storage) => {
    writeJson(terminal, await accountDataOf(storage, await existing(storage, email)))
  })
}
