/** The README's table of all limits of the authorization server, from the code that enforces them. */
import { declaredLimits } from '../oauth/usage-limits.js'
import { hashLimits } from './accounts/passwords.js'
import { signInLimits } from './accounts/throttle.js'
import { waitingLimits } from './clients/kept-documents.js'
import { deviceLimits, userCodeLimits } from './device/entry.js'

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

function exactLimits(): readonly Row[] {
  const { windowSeconds, accountAndAddress, address, account, accountDay, knownBrowser } = signInLimits
  const codes = userCodeLimits.windowSeconds
  const passwords = 'wrong passwords'
  return [
    { what: passwords, by: 'account and address', limit: within(accountAndAddress, windowSeconds) },
    { what: passwords, by: 'address', limit: within(address, windowSeconds) },
    { what: passwords, by: 'account', limit: `${within(account, windowSeconds)}, ${within(accountDay, 86_400)}` },
    {
      what: `${passwords} in a browser that signed in to the account before, in place of the three above`,
      by: 'browser and account',
      limit: within(knownBrowser, windowSeconds),
    },
    {
      what: 'device codes typed, right or wrong',
      by: 'address; all',
      limit: `${within(userCodeLimits.address, codes)}; ${within(userCodeLimits.total, codes)}`,
    },
    {
      what: 'device codes asked for, and pages opened to type one',
      by: 'address; all',
      limit: `${within(deviceLimits.address, codes)}; ${within(deviceLimits.total, codes)}`,
    },
    {
      what: 'registrations: `/register`',
      by: 'address; all',
      limit: '`REGISTRATION_LIMIT_PER_ADDRESS` and `REGISTRATION_LIMIT_TOTAL` in an hour',
    },
    {
      what: 'client documents that their hosts are asked for, in each process: one more is refused at once',
      by: 'address; all',
      limit: `${waitingLimits.address}; ${waitingLimits.total} waiting`,
    },
    {
      what: 'passwords hashed, in each process: one more is answered 503 with `Retry-After`',
      by: 'all',
      limit: `${hashLimits.concurrency} at once, ${hashLimits.queueLimit} waiting`,
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
