/** The manual's table of all limits of the authorization server, from the code that enforces them. */
import { declaredLimits } from '../../oauth/usage-limits.js'
import { waitingLimits } from '../clients/fetch-queue.js'
import { deviceLimits, userCodeLimits } from '../device/entry.js'
import { hashLimits } from '../login/hash-limits.js'
import { signInLimits } from '../login/throttle.js'

interface Row {
  readonly name?: string
  readonly what: string
  readonly by: string
  readonly limit: string
}

function within(count: number, seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ]
  const [size, unit] = units.find(([unitSeconds]) => seconds % unitSeconds === 0) ?? [1, 'second']
  return `${count} in ${seconds === size ? `a ${unit}`.replace('a hour', 'an hour') : `${seconds / size} ${unit}s`}`
}

function beyondTotal(
  figures: typeof userCodeLimits | (typeof deviceLimits & { readonly windowSeconds: number }),
): string {
  const { address, total, addressBeyond, windowSeconds } = figures
  return `${within(address, windowSeconds)}; ${within(total, windowSeconds)}, then ${addressBeyond} for each address`
}

function exactLimits(): readonly Row[] {
  const { windowSeconds, accountAndAddress, address, account, accountDay, ...known } = signInLimits
  const codes = userCodeLimits.windowSeconds
  const passwords = 'wrong passwords'
  return [
    { what: passwords, by: 'account and address', limit: within(accountAndAddress, windowSeconds) },
    { what: passwords, by: 'address', limit: within(address, windowSeconds) },
    { what: passwords, by: 'account', limit: `${within(account, windowSeconds)}, ${within(accountDay, 86_400)}` },
    {
      what: `${passwords} in a browser that signed in to the account before, in place of the three above`,
      by: 'browser and account; account',
      limit: `${within(known.knownBrowser, windowSeconds)}; ${within(known.knownBrowsers, windowSeconds)}, then ${known.knownBrowserBeyond} for each browser`,
    },
    {
      what: 'device codes typed, right or wrong, in a form whose token held',
      by: 'address; all',
      limit: beyondTotal(userCodeLimits),
    },
    {
      what: 'device codes issued; separately, pages opened to type one',
      by: 'address; all',
      limit: beyondTotal({ ...deviceLimits, windowSeconds: codes }),
    },
    {
      what: 'registrations that are stored, and changes to them: `/register`',
      by: 'address; all',
      limit:
        '`REGISTRATION_LIMIT_PER_ADDRESS`; `REGISTRATION_LIMIT_TOTAL` in an hour, then a twentieth of the first for each address',
    },
    {
      what: 'client documents that are fetched or wait for it, in each process or worker: senders take turns, one more of a sender is refused at once',
      by: 'address; all',
      limit: `${waitingLimits.address}; ${waitingLimits.total}`,
    },
    {
      what: 'passwords hashed, in each process or by all its WORKERS together: one known browser of each account first, then senders take turns; one more is answered 503 with `Retry-After`',
      by: 'address; all',
      limit: `${hashLimits.perSender}; ${hashLimits.concurrency} at once, ${hashLimits.queueLimit} waiting`,
    },
  ]
}

/** In Markdown: first the limits that RATE_LIMITS changes, by name. */
export function limitsTable(): string {
  const named: readonly Row[] = Object.entries(declaredLimits).map(([name, { what, by, limit, windowSeconds }]) => ({
    name: `\`${name}\``,
    what,
    by,
    limit: within(limit, windowSeconds),
  }))
  const lines = [...named, ...exactLimits()].map(
    ({ name = '', what, by, limit }) => `| ${name} | ${what} | ${by} | ${limit} |`,
  )
  return ['| name | what | counted by | limit |', '|---|---|---|---|', ...lines].join('\n')
}
