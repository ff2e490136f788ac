/** `gatehouse audit`: what happened, for operators. */
import { createAccountStore, normalizeEmail } from '../storage/accounts/accounts.js'
import { type AuditEvent, listAuditEvents } from '../storage/audit/audit-events.js'
import type { Storage } from '../storage/storage.js'
import { type Command, readArguments, type Terminal, UsageError, writeJson, writeLine, writeTable } from './command.js'
import { readMoment } from './moment.js'
import { withStorage } from './storage.js'

const flags = {
  since: { type: 'string' },
  event: { type: 'string' },
  account: { type: 'string' },
  client: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean' },
} as const

function readLimit(text = '100'): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > 100_000) throw new UsageError('--limit must be a number from 1 to 100000')
  return limit
}

/** An account by its email or its id; one that is gone still has events under its id. */
export async function accountIdOf(storage: Storage, account: string | undefined): Promise<string | undefined> {
  if (account?.includes('@') !== true) return account
  const email = normalizeEmail(account)
  const found = email === undefined ? undefined : await createAccountStore(storage).findByEmail(email)
  if (found === undefined)
    throw new Error(`there is no account ${JSON.stringify(account)}; a removed one is found by its id`)
  return found.id
}

function row({ at, type, accountId, email, clientId, detail }: AuditEvent): string[] {
  const words = Object.entries(detail).map(
    ([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : value}`,
  )
  return [at.toISOString(), type, email ?? accountId ?? '', clientId ?? '', words.join(' ')]
}

function print(terminal: Terminal, events: readonly AuditEvent[], asJson: boolean): void {
  if (asJson) writeJson(terminal, events)
  else if (events.length === 0) writeLine(terminal, 'There is no such event.')
  else writeTable(terminal, [['AT', 'EVENT', 'ACCOUNT', 'CLIENT', 'DETAIL'], ...events.map(row)])
}

export const audit: Command = {
  name: 'audit',
  summary: 'Security events: sign-ins, consents, registrations, revocations. The newest 100, oldest first.',
  usage: [
    'audit list [--since 24h] [--event <type>] [--account <email>] [--client <client_id>] [--limit <n>] [--json]',
  ],
  async run(terminal, args) {
    const { positionals, values } = readArguments(args, flags)
    if (positionals.length !== 1 || positionals[0] !== 'list') throw new UsageError('say what to do: list')
    const [since, limit] = [
      values.since === undefined ? undefined : readMoment('--since', values.since, terminal.clock),
      readLimit(values.limit),
    ]
    const events = await withStorage(terminal, async (storage) => {
      const accountId = await accountIdOf(storage, values.account)
      return listAuditEvents(storage, { since, limit, type: values.event, accountId, clientId: values.client })
    })
    print(terminal, events, values.json === true)
  },
}
