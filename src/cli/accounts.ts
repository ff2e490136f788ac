/** `gatehouse accounts`: the people who can sign in. */
import { createAccountLinks } from '../authorization-server/accounts/account-links.js'
import { weaknesses } from '../authorization-server/accounts/password-rules.js'
import { inEnglish } from '../authorization-server/accounts/weakness-words.js'
import { createPasswordHasher } from '../authorization-server/login/passwords.js'
import { unlockAccount } from '../authorization-server/login/throttle.js'
import { createLogger } from '../base/log.js'
import { writeTogether } from '../database/writes.js'
import { type Account, type AccountStore, createAccountStore, normalizeEmail } from '../storage/accounts/accounts.js'
import { createIdentityLinks, type IdentityLinks } from '../storage/accounts/identity-links.js'
import { type AuditEventType, createAuditTrail } from '../storage/audit/audit.js'
import type { Storage } from '../storage/storage.js'
import { removableFactor, removeFactors, showFactors } from './account-factors.js'
import { exportAccount, invite, remove } from './account-people.js'
import {
  type Command,
  type FlagsOf,
  loadConfig,
  readArguments,
  type Terminal,
  UsageError,
  writeJson,
  writeLine,
  writeTable,
} from './command.js'
import { readNewPassword } from './password-prompt.js'
import { withStorage } from './storage.js'

type Record = (type: AuditEventType, accountId: string, detail?: { readonly factor: string }) => Promise<void>

/** What a subcommand works with. */
interface Bench {
  readonly terminal: Terminal
  readonly storage: Storage
  readonly accounts: AccountStore
  readonly links: IdentityLinks
  /** Forgets failed sign-ins. */
  readonly forgetFailures: (email: string) => Promise<void>
  readonly record: Record
}

const flags = {
  name: { type: 'string' },
  json: { type: 'boolean' },
  issuer: { type: 'string' },
  subject: { type: 'string' },
  remove: { type: 'string' },
  group: { type: 'string', multiple: true },
} as const

type Flags = FlagsOf<typeof flags>

async function withAccounts(terminal: Terminal, work: (bench: Bench) => Promise<void>): Promise<void> {
  await withStorage(terminal, (storage) => {
    const audit = createAuditTrail(storage, createLogger('silent'))
    const record: Record = (type, accountId, detail) =>
      audit.record({ type, accountId, detail: { ...detail, by: 'command line' } })
    const accounts = createAccountStore(storage)
    const forgetFailures = (email: string) => unlockAccount(storage, email, { secondFactorToo: true })
    return work({ terminal, storage, accounts, links: createIdentityLinks(storage.prisma), forgetFailures, record })
  })
}

async function newPasswordHash(terminal: Terminal, email: string): Promise<string> {
  const productName = loadConfig(terminal).PRODUCT_NAME
  const password = await readNewPassword(terminal)
  const [reason] = weaknesses(password, { email, productName })
  if (reason !== undefined) throw new Error(`the password is refused. ${inEnglish(reason)}`)
  return (await createPasswordHasher()).hash(password)
}

async function existing(accounts: AccountStore, email: string): Promise<Account> {
  const account = await accounts.findByEmail(email)
  if (account === undefined) throw new Error(`there is no account ${email}`)
  return account
}

async function add(terminal: Terminal, email: string, { name }: Flags): Promise<void> {
  if (normalizeEmail(email) === undefined) throw new UsageError(`${JSON.stringify(email)} is not an email address`)
  const passwordHash = await newPasswordHash(terminal, email)
  await withAccounts(terminal, async ({ accounts, record }) => {
    const account = await accounts.add({ email, passwordHash, ...(name === undefined ? {} : { name }) })
    if (account === undefined) throw new Error(`there is an account ${email} already`)
    await record('account.created', account.id)
    writeLine(terminal, `Added ${account.email}.`)
  })
}

async function setPassword(terminal: Terminal, email: string): Promise<void> {
  const passwordHash = await newPasswordHash(terminal, email)
  await withAccounts(terminal, async ({ accounts, forgetFailures, record }) => {
    const { id, email: known } = await existing(accounts, email)
    await accounts.setPasswordHash(id, passwordHash)
    await accounts.endAccess(id)
    // From now on no browser is known to the account: what strangers tried before would keep the owner out.
    await forgetFailures(known)
    await record('account.password_changed', id)
    writeLine(terminal, `Set a new password for ${known}, and signed that account out everywhere.`)
  })
}

async function disable(terminal: Terminal, email: string): Promise<void> {
  await withAccounts(terminal, async ({ accounts, record }) => {
    const { id, email: known } = await existing(accounts, email)
    await accounts.disable(id)
    await record('account.disabled', id)
    writeLine(
      terminal,
      `Disabled ${known}. Servers that follow revocations refuse its access tokens within seconds; elsewhere those end within minutes.`,
    )
  })
}

async function enable(terminal: Terminal, email: string): Promise<void> {
  await withAccounts(terminal, async ({ accounts, forgetFailures }) => {
    const { id, email: known } = await existing(accounts, email)
    await accounts.enable(id)
    await forgetFailures(known)
    writeLine(terminal, `Enabled ${known}.`)
  })
}

/** For somebody who cannot sign in because strangers keep trying. */
async function unlock(terminal: Terminal, email: string): Promise<void> {
  await withAccounts(terminal, async ({ accounts, forgetFailures }) => {
    const { email: known } = await existing(accounts, email)
    await forgetFailures(known)
    writeLine(terminal, `Cleared the failed sign-ins of ${known}.`)
  })
}

/** For somebody who cannot get a mail, or where no mail is sent. The link alone on standard output. */
async function resetLink(terminal: Terminal, email: string): Promise<void> {
  const issuer = loadConfig(terminal).ISSUER_URL
  await withStorage(terminal, async (storage) => {
    const { id, email: known, disabledAt } = await existing(createAccountStore(storage), email)
    if (disabledAt !== undefined) throw new Error(`${known} is disabled: enable the account first`)
    const { path, write } = createAccountLinks(storage).newReset(id)
    const audit = createAuditTrail(storage, createLogger('silent'))
    const event = audit.event({ type: 'account.reset_link', accountId: id, detail: { by: 'command line' } })
    await writeTogether(storage.database.sql, [write, event])
    writeLine(terminal, `${issuer}${path}`)
  })
}

/** For people whose provider is trusted to speak for linked subjects only (`assertion_issuers`). */
async function link(terminal: Terminal, email: string, { issuer, subject }: Flags): Promise<void> {
  if (issuer === undefined || subject === undefined) throw new UsageError('link needs --issuer and --subject')
  await withAccounts(terminal, async ({ accounts, links, record }) => {
    const { id, email: known } = await existing(accounts, email)
    if ((await links.link({ issuer, subject }, id, terminal.clock.now())) !== id) {
      throw new Error('that subject is linked to another account already')
    }
    await record('account.linked', id)
    writeLine(terminal, `Linked ${known} to ${subject} of ${issuer}.`)
  })
}

/** For somebody who lost a phone, and for a look before that. */
async function factors(terminal: Terminal, email: string, { json, remove }: Flags): Promise<void> {
  const kind = removableFactor(remove)
  await withAccounts(terminal, async ({ accounts, storage, forgetFailures, record }) => {
    const account = await existing(accounts, email)
    if (kind === undefined) return showFactors(terminal, storage, account, json ?? false)
    for (const factor of await removeFactors(terminal, storage, account, kind))
      await record('factor.removed', account.id, { factor })
    await forgetFailures(account.email)
  })
}

async function list(terminal: Terminal, asJson: boolean): Promise<void> {
  await withAccounts(terminal, async ({ accounts }) => {
    const all = await accounts.list()
    if (asJson) {
      const shown = all.map(({ passwordHash: _, ...account }) => account)
      return writeJson(terminal, shown)
    }
    if (all.length === 0) return writeLine(terminal, 'There is no account yet.')
    const rows = all.map((account) => [
      account.email,
      account.name ?? '',
      account.disabledAt === undefined ? 'active' : 'disabled',
      account.createdAt.toISOString().slice(0, 10),
      account.id,
    ])
    writeTable(terminal, [['EMAIL', 'NAME', 'STATE', 'SINCE', 'ID'], ...rows])
  })
}

export const accounts: Command = {
  name: 'accounts',
  summary: 'The people who can sign in. Passwords are asked for, or read from standard input.',
  usage: [
    'accounts add <email> [--name <name>]',
    'accounts invite <email> [--group <group>]...',
    'accounts list [--json]',
    'accounts set-password <email>',
    'accounts reset-link <email>',
    'accounts disable <email>',
    'accounts enable <email>',
    'accounts unlock <email>',
    'accounts factors <email> [--json] [--remove passkeys|app|recovery-codes|all]',
    'accounts link <email> --issuer <url> --subject <sub>',
    'accounts export <email>',
    'accounts remove <email>',
  ],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, flags)
    const [action, email, ...surplus] = positionals
    if (surplus.length > 0) throw new UsageError('too many arguments; a password is never one of them')
    if (action === 'list' && email === undefined) return list(terminal, values.json ?? false)
    const actions = {
      add,
      'set-password': setPassword,
      'reset-link': resetLink,
      disable,
      enable,
      unlock,
      factors,
      link,
      ...{ invite, export: exportAccount, remove },
    }
    const known = Object.entries(actions).find(([candidate]) => candidate === action)
    if (known === undefined)
      throw new UsageError(
        'say what to do: add, invite, list, set-password, reset-link, disable, enable, unlock, factors, link, export or remove',
      )
    if (email === undefined) throw new UsageError('say which account, by its email address')
    await known[1](terminal, email, values)
  },
}
