/** Settings, keys, and whether what should happen by itself does. */
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import type { LocalFacts, SealFact } from './facts.js'

export const settingChecks: CheckGroup<LocalFacts> = {
  name: 'Settings',
  checks: [
    {
      id: 'settings',
      title: 'the servers start with these settings',
      examine: ({ mistakes }) => mistakes.map((mistake) => problem('setting-wrong', mistake)),
    },
    {
      id: 'settings-safe',
      title: 'no setting is unusual for servers that others can reach',
      examine: ({ mistakes, warnings }) =>
        mistakes.length > 0 ? undefined : warnings.map((warning) => problem('setting-unsafe', warning)),
    },
    {
      id: 'revocations',
      title: 'the MCP server follows revocations',
      examine: ({ parts, mistakes, followsRevocations }) =>
        mistakes.length > 0 || !parts.includes('mcp')
          ? undefined
          : problemIf(!followsRevocations, 'revocations-not-followed', 'MCP_SERVER_SECRET is not set'),
    },
  ],
}

const listed = (seals: readonly SealFact[], state: SealFact['state']) =>
  seals.filter((seal) => seal.state === state).map(({ count, what }) => `${count} ${what}`)

function sealed({ stored }: LocalFacts): readonly Problem[] | undefined {
  if (stored === undefined || stored.seals.length === 0) return undefined
  const [closed, older] = [listed(stored.seals, 'closed'), listed(stored.seals, 'older')]
  return [
    ...problemIf(
      closed.length > 0,
      'encryption-key-wrong',
      `${closed.join(', ')} under an encryption key that is not configured`,
    ),
    ...problemIf(older.length > 0, 'encryption-key-older', older.join(', ')),
  ]
}

export const keyStateChecks: CheckGroup<LocalFacts> = {
  name: 'Keys',
  checks: [
    {
      id: 'encryption-key',
      title: 'the encryption key is there, and nobody else reads it',
      examine: ({ encryptionKey: key }) =>
        key && [
          ...problemIf(key.flaw !== undefined, 'encryption-key-missing', key.flaw ?? ''),
          ...problemIf(key.isReadableByOthers === true, 'encryption-key-exposed', key.file ?? ''),
        ],
    },
    { id: 'sealed', title: 'secrets in the database are encrypted with the newest key', examine: sealed },
    {
      id: 'signing-keys',
      title: 'there is a key for everything that is signed',
      examine: ({ stored }) =>
        stored === undefined || stored.keys.areUnmade
          ? undefined
          : problemIf(stored.keys.missing.length > 0, 'signing-key-missing', stored.keys.missing.join(', ')),
    },
    {
      id: 'key-rotation',
      title: 'keys are rotated when they are due',
      examine: ({ stored }) =>
        stored === undefined || stored.keys.areUnmade
          ? undefined
          : stored.keys.overdue.map((step) => problem('keys-not-tended', step)),
    },
  ],
}

/** The sweeper comes every minute; behind by this much it does not come. */
const sweepSlackSeconds = 900

function inWords(seconds: number): string {
  const [size, unit] = seconds >= 172_800 ? [86_400, 'days'] : seconds >= 7_200 ? [3_600, 'hours'] : [60, 'minutes']
  return `${Math.floor(seconds / size)} ${unit}`
}

function overdue({ databases }: LocalFacts): readonly Problem[] | undefined {
  const known = databases.flatMap(({ overdueRows }) => (overdueRows === undefined ? [] : [overdueRows]))
  if (known.length === 0) return undefined
  return known
    .flat()
    .filter(({ seconds }) => seconds > sweepSlackSeconds)
    .map(({ table, seconds }) => problem('purge-behind', `${table}: its oldest row is ${inWords(seconds)} late`))
}

const mebibyte = 1_048_576
const [fullBytes, lowBytes] = [64 * mebibyte, 1_024 * mebibyte]

function disk({ disk: facts }: LocalFacts): readonly Problem[] | undefined {
  if (facts === undefined) return undefined
  const { folder, freeBytes, isWritable } = facts
  if (!isWritable) return [problem('disk-full', `${folder} cannot be written`)]
  const seen = `${folder}: ${Math.floor(freeBytes / mebibyte)} MiB free`
  if (freeBytes < fullBytes) return [problem('disk-full', seen)]
  return problemIf(freeBytes < lowBytes, 'disk-low', seen)
}

export const upkeepChecks: CheckGroup<LocalFacts> = {
  name: 'Upkeep',
  checks: [
    {
      id: 'purge',
      title: 'what has expired is deleted, audit events included',
      examine: overdue,
    },
    {
      id: 'accounts',
      title: 'somebody can sign in',
      examine: ({ stored }) => stored && problemIf(stored.accounts === 0, 'no-account', 'no account that is enabled'),
    },
    {
      id: 'clients',
      title: 'there are clients, or they can register themselves',
      examine: (facts) =>
        facts.stored &&
        problemIf(
          !facts.clientsMayCome && facts.stored.clients === 0,
          'no-client-may-come',
          'REGISTRATION=closed, CLIENT_ID_METADATA_DOCUMENTS=false, and no client is stored',
        ),
    },
    { id: 'disk', title: 'the disk has room', examine: disk },
  ],
}
