/** `gatehouse keys`: what signs tokens and cookies, and from when until when. Private parts never leave the database. */
import { createLogger } from '../base/log.js'
import { SealError } from '../base/secrets.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import { activeFrom, type KeyPolicy, orderCookieKeys, type StoredKey } from '../storage/keys/key-lifecycle.js'
import { recordKeyChanges } from '../storage/keys/key-ring.js'
import { type KeyChange, revokeKey, rotateKeys } from '../storage/keys/key-rotation.js'
import { readStoredKeys } from '../storage/keys/keys.js'
import { countOlderSeals, resealAll } from '../storage/keys/reseal.js'
import type { Storage } from '../storage/storage.js'
import {
  type Command,
  loadConfig,
  readArguments,
  type Terminal,
  UsageError,
  writeJson,
  writeLine,
  writeTable,
} from './command.js'
import { withStorage } from './storage.js'

const flags = { json: { type: 'boolean' }, now: { type: 'boolean' } } as const

/** What a person may know of a key. */
interface ListedKey {
  readonly id: string
  /** ES256, RS256 or cookie. */
  readonly use: string
  readonly state: 'next' | 'current' | 'previous'
  readonly createdAt: Date
  readonly signsFrom: Date
  readonly publishedUntil: Date | null
}

function listed(keys: readonly StoredKey[], now: Date): readonly ListedKey[] {
  const [signing] = orderCookieKeys(keys, now)
  const cookieState = (key: StoredKey) => (key === signing ? 'current' : activeFrom(key) > now ? 'next' : 'previous')
  const order = ['next', 'current', 'previous']
  return keys
    .map((key) => ({
      ...{ id: key.id, use: key.algorithm ?? 'cookie', state: key.status ?? cookieState(key) },
      ...{ createdAt: key.createdAt, signsFrom: activeFrom(key), publishedUntil: key.publishedUntil },
    }))
    .sort((left, right) =>
      left.use === right.use ? order.indexOf(left.state) - order.indexOf(right.state) : left.use < right.use ? -1 : 1,
    )
}

const minute = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')}Z`

async function list(terminal: Terminal, json: boolean): Promise<void> {
  const keys = await withStorage(terminal, readStoredKeys)
  const rows = listed(keys, terminal.clock.now())
  if (json) return writeJson(terminal, rows)
  if (rows.length === 0) return writeLine(terminal, 'There is no key yet: the first start of a server makes them.')
  writeTable(terminal, [
    ['KEY', 'USE', 'STATE', 'MADE', 'SIGNS FROM', 'PUBLISHED UNTIL'],
    ...rows.map(({ id, use, state, createdAt, signsFrom, publishedUntil }) => [
      ...[id, use, state, minute(createdAt), minute(signsFrom)],
      publishedUntil === null ? '' : minute(publishedUntil),
    ]),
  ])
}

/** Runs a change of the keys and writes it into the audit trail. */
async function changeKeys(
  terminal: Terminal,
  work: (storage: Storage, policy: KeyPolicy) => Promise<readonly KeyChange[]>,
): Promise<readonly KeyChange[]> {
  const { keyPolicyOf } = await import('../program/databases.js')
  return withStorage(terminal, async (storage) => {
    const changes = await work(storage, keyPolicyOf(loadConfig(terminal)))
    await recordKeyChanges(createAuditTrail(storage, createLogger('silent')), changes, 'command line')
    return changes
  })
}

function describeChange({ type, id, use, activatesAt }: KeyChange): string {
  const key = use === 'cookie' ? `cookie key ${id}` : `${use} key ${id}`
  switch (type) {
    case 'key.published':
      return `Published ${key}; it signs from ${activatesAt === undefined ? 'later' : minute(activatesAt)} on.`
    case 'key.activated':
      return `Now ${key} signs.`
    case 'key.removed':
      return `Removed ${key}.`
    case 'key.revoked':
      return `Revoked ${key}. It is destroyed.`
  }
}

async function rotate(terminal: Terminal, immediately: boolean): Promise<void> {
  const changes = await changeKeys(terminal, (storage, policy) => rotateKeys(storage, policy, { immediately }))
  for (const change of changes) writeLine(terminal, describeChange(change))
  if (changes.length === 0) {
    writeLine(terminal, 'Nothing was changed: another rotation is under way. `gatehouse keys list` shows it.')
  }
  if (!immediately || changes.length === 0) return
  terminal.stderr.write(
    'Running servers follow within seconds. A resource server that caches the key set and does not read it again at the\n' +
      'first unknown key refuses new tokens until its copy expires. Old tokens stay valid: `keys revoke` ends those of a key.\n',
  )
}

async function revoke(terminal: Terminal, id: string): Promise<void> {
  const changes = await changeKeys(terminal, (storage, policy) => revokeKey(storage, policy, id))
  const revoked = changes.find(({ type }) => type === 'key.revoked')
  if (revoked === undefined) throw new Error(`there is no key ${JSON.stringify(id)}`)
  for (const change of changes) writeLine(terminal, describeChange(change))
  terminal.stderr.write(
    revoked.use === 'cookie'
      ? 'Running servers follow within seconds. Browsers whose cookies it signed have to sign in again.\n'
      : 'Running servers follow within seconds. Resource servers that follow the revocation feed refuse its access tokens as fast.\n' +
          'Others that use this library refuse them within 25 minutes, the rest when their copy of the key set expires. Refresh\n' +
          'tokens and sessions stay valid: clients get tokens signed by another key.\n',
  )
}

/** After ENCRYPTION_KEY got a new first key: what is stored is sealed under it. */
async function encrypt(terminal: Terminal): Promise<void> {
  const counts = await withStorage(terminal, async (storage) => {
    try {
      return await resealAll(storage)
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      throw new Error(
        'a stored secret was encrypted with a key that is not in ENCRYPTION_KEY or its file: add that key',
        {
          cause: error,
        },
      )
    }
  })
  const { keys: keyCount, 'client secrets': secretCount, 'authenticator apps': appCount } = counts
  const total = keyCount + secretCount + appCount
  if (total === 0) return writeLine(terminal, 'Everything is encrypted with the first encryption key already.')
  writeLine(terminal, `Re-encrypted ${keyCount} keys and ${secretCount} client secrets.`)
  if (appCount > 0) writeLine(terminal, `Re-encrypted the secrets of ${appCount} authenticator apps.`)
  terminal.stderr.write(
    'Remove the older encryption keys in an hour. Device sign-ins that began before may still need them: `gatehouse keys sealed` tells.\n',
  )
}

/** The id, which says nothing about the key, is for who takes the others away: docker/secrets.mjs. */
async function sealed(terminal: Terminal): Promise<void> {
  const { keyId, older } = await withStorage(terminal, async (storage) => ({
    keyId: storage.secretBox.keyId,
    older: await countOlderSeals(storage),
  }))
  const { keys: keyCount, 'client secrets': secretCount, 'sign-ins by device': deviceCount } = older
  const appCount = older['authenticator apps']
  if (keyCount + secretCount > 0) {
    throw new Error(
      `${keyCount} keys and ${secretCount} client secrets are not encrypted with the first encryption key: run \`gatehouse keys encrypt\``,
    )
  }
  if (appCount > 0) {
    throw new Error(
      `the secrets of ${appCount} authenticator apps are not encrypted with the first encryption key: run \`gatehouse keys encrypt\``,
    )
  }
  if (deviceCount > 0) {
    throw new Error(
      `${deviceCount} device sign-ins still need an older encryption key: run this again when they are over, within an hour`,
    )
  }
  writeLine(terminal, keyId)
}

export const keys: Command = {
  name: 'keys',
  summary: 'The keys that sign tokens and cookies: list them, rotate them, revoke one that leaked.',
  usage: ['keys list [--json]', 'keys rotate [--now]', 'keys revoke <key>', 'keys encrypt', 'keys sealed'],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, flags)
    const [action, operand, ...surplus] = positionals
    if (surplus.length > 0) throw new UsageError('too many arguments')
    if (values.now === true && action !== 'rotate') throw new UsageError('--now belongs to `keys rotate`')
    if (action === 'list' && operand === undefined) return list(terminal, values.json === true)
    if (action === 'rotate' && operand === undefined) return rotate(terminal, values.now === true)
    if (action === 'revoke' && operand !== undefined) return revoke(terminal, operand)
    if (action === 'encrypt' && operand === undefined) return encrypt(terminal)
    if (action === 'sealed' && operand === undefined) return sealed(terminal)
    throw new UsageError('say what to do: list, rotate, revoke <key>, encrypt or sealed')
  },
}
