/** `gatehouse api-keys`: keys for programs that cannot do OAuth, which the MCP server takes when API_KEYS is on. */
import { type ApiKeyList, createApiKeyList, type ListedApiKey } from '../mcp-host/api-keys.js'
import { notesMigrations } from '../notes/notes-database.js'
import { scopes as knownScopes } from '../notes/scopes.js'
import { notesIn } from '../oauth/declared-resource.js'
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

const maxDays = 365

const flags = {
  scopes: { type: 'string' },
  subject: { type: 'string' },
  days: { type: 'string' },
  json: { type: 'boolean' },
} as const

type Flags = FlagsOf<typeof flags>

/** Opens the MCP server's database for one command; beside a running server too. */
async function withApiKeys<T>(terminal: Terminal, work: (keys: ApiKeyList) => Promise<T>): Promise<T> {
  const { openForCommand } = await import('../program/databases.js')
  const database = await openForCommand(loadConfig(terminal), 'mcp', notesMigrations)
  try {
    return await work(createApiKeyList(database, terminal.clock))
  } finally {
    await database.close()
  }
}

/** A key is for one resource: the notes, wherever they are declared now. */
async function notesUrl(terminal: Terminal): Promise<string> {
  const { declaredByFile } = await import('../program/declarations/declared-by-file.js')
  const notes = notesIn(await declaredByFile(loadConfig(terminal), ['mcp'], terminal.environment))
  if (notes === undefined) throw new Error('no notes are declared here, so there is nothing that a key would be for')
  return notes.url
}

function scopesFrom(text: string | undefined): readonly string[] {
  if (text === undefined)
    throw new UsageError('--scopes is required: what the key may do, for example --scopes "notes:read"')
  const asked = [...new Set(text.split(/[\s,]+/).filter((scope) => scope !== ''))]
  const known = knownScopes.map(({ name }) => name)
  const unknown = asked.find((scope) => !known.includes(scope))
  if (unknown !== undefined)
    throw new UsageError(`there is no scope ${JSON.stringify(unknown)}; there are ${known.join(', ')}`)
  return asked
}

function daysFrom(text: string | undefined): number {
  const days = Number(text ?? '90')
  if (!Number.isInteger(days) || days < 1 || days > maxDays) {
    throw new UsageError(`--days is a whole number from 1 to ${maxDays}`)
  }
  return days
}

async function add(terminal: Terminal, name: string, values: Flags): Promise<void> {
  if (name.trim() === '' || name.length > 100) throw new UsageError('the name of a key has 1 to 100 characters')
  if (values.subject === '')
    throw new UsageError('--subject is the id of an account, as `gatehouse accounts list` shows it')
  const scopes = scopesFrom(values.scopes)
  const expiresAt = new Date(terminal.clock.now().getTime() + daysFrom(values.days) * 86_400_000)
  const resource = await notesUrl(terminal)
  const added = await withApiKeys(terminal, (keys) =>
    keys.add({ name, subject: values.subject, resource, scopes, expiresAt }),
  )
  writeLine(terminal, `id       ${added.id}`)
  writeLine(terminal, `api_key  ${added.key}`)
  const day = expiresAt.toISOString().slice(0, 10)
  terminal.stderr.write(`It is sent as "Authorization: Bearer …" and is valid until ${day}. It is not shown again.\n`)
  if (values.subject === undefined) {
    terminal.stderr.write('It acts for no person, so it has no notes. --subject names the account that it acts for.\n')
  }
  if (!loadConfig(terminal).API_KEYS)
    terminal.stderr.write('API_KEYS is false here: the MCP server accepts no key until it is true.\n')
}

function row({ id, name, subject, resource, scopes, createdAt, expiresAt }: ListedApiKey, now: Date): string[] {
  const day = (at: Date) => at.toISOString().slice(0, 10)
  const end = expiresAt <= now ? `${day(expiresAt)}, over` : day(expiresAt)
  return [id, name, scopes.join(' '), subject ?? '', resource ?? 'any', day(createdAt), end]
}

async function list(terminal: Terminal, { json }: Flags): Promise<void> {
  const all = await withApiKeys(terminal, (keys) => keys.list())
  if (json === true) return writeJson(terminal, all)
  if (all.length === 0) return writeLine(terminal, 'There is no API key.')
  const now = terminal.clock.now()
  writeTable(terminal, [
    ['ID', 'NAME', 'SCOPES', 'ACTS FOR', 'RESOURCE', 'SINCE', 'UNTIL'],
    ...all.map((key) => row(key, now)),
  ])
}

async function remove(terminal: Terminal, id: string): Promise<void> {
  if (!(await withApiKeys(terminal, (keys) => keys.remove(id))))
    throw new Error(`there is no API key ${JSON.stringify(id)}`)
  writeLine(terminal, `Removed ${id}. The MCP server now refuses it.`)
}

export const apiKeys: Command = {
  name: 'api-keys',
  summary: 'Keys for programs that cannot do OAuth. The MCP server accepts them if API_KEYS is true.',
  usage: [
    'api-keys add <name> --scopes <scopes> [--subject <account id>] [--days <days>]',
    'api-keys list [--json]',
    'api-keys remove <id>',
  ],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, flags)
    const [action, operand, ...surplus] = positionals
    if (surplus.length > 0) throw new UsageError('too many arguments; a name of several words needs quotes')
    if (action === 'list' && operand === undefined) return list(terminal, values)
    if (action === 'add' && operand !== undefined) return add(terminal, operand, values)
    if (action === 'remove' && operand !== undefined) return remove(terminal, operand)
    throw new UsageError('say what to do: add <name>, list or remove <id>')
  },
}
