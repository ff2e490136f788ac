/** Adds a resource by command: beside what the file declares, never in place of it. */
import { parse } from 'yaml'
import { FileMistakes } from '../declarations/declaration-file.js'
import type { DeclaredResource } from '../oauth/declared-resource.js'
import type { StoredDeclaration } from '../storage/declarations/declarations.js'
import { type FlagsOf, loadConfig, type Terminal, UsageError } from './command.js'
import { withStorage } from './storage.js'

export const memberFlags = {
  name: { type: 'string' },
  id: { type: 'string' },
  description: { type: 'string' },
  scope: { type: 'string', multiple: true },
  set: { type: 'string', multiple: true },
} as const

type MemberFlags = FlagsOf<typeof memberFlags>

/** `name=value`, the value as YAML has it. */
function memberOf(text: string, flag: string): readonly [string, unknown] {
  const [name = '', ...rest] = text.split('=')
  if (name === '' || rest.length === 0) throw new UsageError(`${flag} is <name>=<value>`)
  try {
    return [name, parse(rest.join('='), { prettyErrors: false, maxAliasCount: 0 })]
  } catch (error) {
    throw new UsageError(`${flag} ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Members of an entry, as flags give them. Not judged. */
export function membersGiven(given: MemberFlags): Readonly<Record<string, unknown>> {
  const scopes = (given.scope ?? []).map((text) => {
    const [name, ...title] = text.split('=')
    if (title.length === 0) throw new UsageError('--scope is <name>=<title>')
    return [name, { title: title.join('=') }] as const
  })
  const members = Object.fromEntries((given.set ?? []).map((text) => memberOf(text, '--set')))
  const { name, id, description } = given
  return {
    ...(name !== undefined && { name }),
    ...(id !== undefined && { id }),
    ...(description !== undefined && { description }),
    ...(scopes.length > 0 && { scopes: Object.fromEntries(scopes) }),
    ...members,
  }
}

function refuseTaken(entry: DeclaredResource, known: readonly DeclaredResource[]): void {
  for (const each of known) {
    const place = each.places[''] === undefined ? `by ${each.source}` : `at ${each.places['']}`
    const shared = [entry.url, ...entry.aliases].find((url) => [each.url, ...each.aliases].includes(url))
    if (each.id === entry.id) throw new Error(`there is a resource ${entry.id} already, declared ${place}`)
    if (shared !== undefined) throw new Error(`${shared} is the resource ${each.id} already, declared ${place}`)
    if (each.isDefault && entry.isDefault) throw new Error(`${each.id} is the default already, declared ${place}`)
  }
}

/** Adds it as a command's own and answers its id. Throws an Error with every mistake in it, or says what has its id or URL. */
export async function addResource(terminal: Terminal, entry: Readonly<Record<string, unknown>>): Promise<string> {
  if (entry['notes'] === true) throw new UsageError('the notes are declared in a file, or by RESOURCE_URL')
  const [{ declaredBy }, { writeDeclarations }, { judgeFile }] = await Promise.all([
    import('../program/declarations/in-force.js'),
    import('../program/declarations/applying.js'),
    import('../program/declarations/judging.js'),
  ])
  const config = { ...loadConfig(terminal), notesSettings: [] }
  const bytes = new TextEncoder().encode(JSON.stringify({ resources: [entry] }))
  const added = await withStorage(terminal, async (storage) => {
    let row: StoredDeclaration | undefined
    await writeDeclarations(storage, config, async (state) => {
      const judged = await judgeFile(config, { path: '', bytes }, { environment: {}, state, withClients: false })
      const [read] = judged.declared.resources
      if (read === undefined) throw new Error('nothing was declared')
      row = { kind: 'resource', id: read.id, source: 'command', payload: JSON.stringify(read.value), places: {} }
      const [declared] = declaredBy(config, [row]).resources.filter(({ id }) => id === read.id)
      if (declared !== undefined) refuseTaken(declared, declaredBy(config, state.rows).resources)
      const event = { type: 'resource.added' as const, detail: { resource: read.id, by: 'command line' } }
      return { rows: [row], removed: [], clients: [], removedClients: [], events: [event] }
    })
    return row
  }).catch((error: unknown) => {
    // There is no file whose lines could be named.
    if (!(error instanceof FileMistakes)) throw error
    throw new Error(error.lines.map((line) => line.replace(/^:\d+:\d+: /, '')).join('\n'), { cause: error })
  })
  return added?.id ?? ''
}
