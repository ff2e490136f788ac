/** `gatehouse resources`: the MCP servers that tokens are issued for. What a file declares is changed in the file. */
import { exportedResource } from '../declarations/exported-file.js'
import type { DeclaredResource } from '../oauth/declared-resource.js'
import { canonicalResource } from '../oauth/resource.js'
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
import { inForce } from './declared.js'
import { addResource, memberFlags, membersGiven } from './resource-adding.js'
import { discover, discoveryFlags } from './resource-discovery.js'
import { proposals } from './resource-proposals.js'
import { withStorage } from './storage.js'

const flags = { ...memberFlags, ...discoveryFlags, json: { type: 'boolean' } } as const

type Flags = FlagsOf<typeof flags>

const load = () =>
  Promise.all([
    import('../program/declarations/in-force.js'),
    import('../program/declarations/applying.js'),
    import('../storage/declarations/declarations.js'),
    import('../program/declarations/plan.js'),
  ])

async function list(terminal: Terminal, json: boolean): Promise<void> {
  const { resources } = await withStorage(terminal, (storage) => inForce(terminal, storage))
  if (json) return writeJson(terminal, resources)
  const row = ({ id, url, name, isNotes, isDefault, source, places }: DeclaredResource) => {
    const notes = [isNotes ? 'notes' : '', isDefault || resources.length === 1 ? 'default' : ''].filter(Boolean)
    return [id, url, name, source, notes.join(', '), places[''] ?? '']
  }
  writeTable(terminal, [['ID', 'URL', 'NAME', 'FROM', 'IS', 'PLACE'], ...resources.map(row)])
}

const isMeant =
  (asked: string) => (resource: { readonly id: string; readonly url: string; readonly aliases: readonly string[] }) =>
    resource.id === asked || [resource.url, ...resource.aliases].includes(canonicalResource(asked) ?? asked)

async function show(terminal: Terminal, asked: string, json: boolean): Promise<void> {
  const [, , { readDeclared }, { parsedEntry }] = await load()
  await withStorage(terminal, async (storage) => {
    const found = (await inForce(terminal, storage)).resources.find(isMeant(asked))
    if (found === undefined) throw new Error(`there is no resource ${asked}`)
    const { rows } = await readDeclared(storage)
    const stored = rows.find(({ kind, id }) => kind === 'resource' && id === found.id)
    if (json || stored === undefined) return writeJson(terminal, found)
    terminal.stdout.write(exportedResource(parsedEntry(stored.payload)))
  })
}

async function add(terminal: Terminal, url: string, given: Flags): Promise<void> {
  const id = await addResource(terminal, { [url.includes('*') ? 'pattern' : 'url']: url, ...membersGiven(given) })
  writeLine(terminal, `Added ${id}. Running servers know it within two seconds.`)
}

async function remove(terminal: Terminal, asked: string): Promise<void> {
  const [{ declaredBy }, { writeDeclarations }] = await load()
  const config = loadConfig(terminal)
  const removed = await withStorage(terminal, async (storage) => {
    let id = ''
    await writeDeclarations(storage, config, async (state) => {
      const found = declaredBy(config, state.rows).resources.find(isMeant(asked))
      if (found === undefined) throw new Error(`there is no resource ${asked}`)
      if (found.source === 'settings') throw new Error(`${found.id} is declared by RESOURCE_URL: it cannot be removed`)
      if (found.source === 'file')
        throw new Error(`${found.id} is declared at ${found.places['']}: take it out there, or it would come back`)
      id = found.id
      const event = { type: 'resource.removed' as const, detail: { resource: id, by: 'command line' } }
      return { rows: [], removed: [{ kind: 'resource', id }], clients: [], removedClients: [], events: [event] }
    })
    return id
  })
  writeLine(terminal, `Removed ${removed}, and everything that was granted for it.`)
}

export const resources: Command = {
  name: 'resources',
  summary: 'The MCP servers that tokens are issued for.',
  usage: [
    'resources list [--json]',
    'resources show <id|url> [--json]',
    'resources add <url|pattern> --name <name> --scope <scope>=<title>... [--id <id>] [--description <text>]',
    'resources add … [--set <member>=<YAML>]...',
    'resources remove <id|url>',
    'resources proposals [--json]',
    'resources discover <url> [--token-file <file>|--token-env <name>] [--json]',
    'resources discover … [--name <name>] [--scope <scope>=<title>]... [--add [--yes]]',
  ],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, flags)
    const [action, asked, ...surplus] = positionals
    if (surplus.length > 0) throw new UsageError('too many arguments')
    if (action === 'list' && asked === undefined) return list(terminal, values.json ?? false)
    if (action === 'proposals' && asked === undefined) return proposals(terminal, values.json ?? false)
    if (action !== 'show' && action !== 'add' && action !== 'remove' && action !== 'discover')
      throw new UsageError('say what to do: list, show, add, remove, proposals or discover')
    if (asked === undefined) throw new UsageError('say which resource, by its id or URL')
    if (action === 'discover') return discover(terminal, asked, values)
    if (action === 'show') return show(terminal, asked, values.json ?? false)
    await (action === 'add' ? add(terminal, asked, values) : remove(terminal, asked))
  },
}
