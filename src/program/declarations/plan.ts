/** What applying a file would change: the difference between what is declared and what the file says, and what it conflicts with. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { type DeclaredFile, type FileEntry, FileMistakes } from '../../declarations/declaration-file.js'
import type { StoredResource } from '../../declarations/resource-entries.js'
import { everyone } from '../../oauth/groups.js'
import type { NamedClientMetadata } from '../../oauth/registration.js'
import type { AuditEntry } from '../../storage/audit/audit.js'
import type {
  DeclarationChange,
  DeclarationKind,
  DeclaredState,
  KnownClient,
  StoredDeclaration,
} from '../../storage/declarations/declarations.js'

export interface PlannedChange {
  readonly action: 'add' | 'change' | 'remove'
  readonly kind: DeclarationKind
  readonly id: string
  /** Of a change: names of members that differ. */
  readonly members?: readonly string[]
  /** In the file; absent if it is removed. */
  readonly place?: string
}

export interface Plan {
  readonly changes: readonly PlannedChange[]
  readonly write: DeclarationChange
  /** Client ids, and URLs or patterns, that go. */
  readonly gone: { readonly clients: readonly string[]; readonly resources: readonly string[] }
}

/** Members by which two values differ. */
function differing(one: object, other: object): readonly string[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  return names.filter((name) => !isDeepStrictEqual(Reflect.get(one, name), Reflect.get(other, name))).sort()
}

/** A secret counts, but its name is that of the member by which it came. */
const withoutOwner = ({ made_by_operator: _made, ...metadata }: NamedClientMetadata) => metadata

export function parsedEntry(payload: string): StoredResource {
  return JSON.parse(payload) as StoredResource
}

/** Names of groups that commands made. */
export function groupsByCommand({ rows }: Pick<DeclaredState, 'rows'>): readonly string[] {
  return rows.filter(({ kind, source }) => kind === 'group' && source === 'command').map(({ id }) => id)
}

export const urlOf = ({ url, pattern }: Pick<StoredResource, 'url' | 'pattern'>): string => pattern ?? url ?? ''

const sameText = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other)

interface Wanted {
  readonly row: StoredDeclaration
  readonly entry: object
}

function wantedRows(file: DeclaredFile): readonly Wanted[] {
  const rowOf =
    (kind: DeclarationKind, stored: boolean) =>
    ({ id, value, places }: FileEntry<object>): Wanted => ({
      entry: value,
      row: { kind, id, source: 'file', payload: stored ? JSON.stringify(value) : '', places },
    })
  return [
    ...file.resources.map(rowOf('resource', true)),
    ...file.groups.map(rowOf('group', true)),
    ...file.signUp.map(rowOf('sign_up', true)),
    ...file.issuers.map(rowOf('issuer', true)),
    ...file.providers.map(rowOf('provider', true)),
    ...file.clients.map(rowOf('client', false)),
  ]
}

/** Throws FileMistakes for what the file says of something that somebody else owns. `path`: as the operator named the file. */
function refuseConflicts(
  path: string,
  file: DeclaredFile,
  state: DeclaredState,
  clients: readonly KnownClient[],
): void {
  const lines: string[] = []
  const complain = (places: FileEntry<object>['places'], member: string, text: string) => {
    const place = (places[member] ?? places[''] ?? '').replace(/^.*?(?=:\d+:\d+$)/, '')
    lines.push(`${path}${place}: ${text}`)
  }
  for (const { id, places } of file.clients) {
    if (clients.some((each) => each.clientId === id && each.origin === 'dynamic'))
      complain(places, 'client_id', `client_id ${id} belongs to a client that registered itself`)
  }
  const groups = new Set([everyone, ...file.groups.map(({ id }) => id), ...groupsByCommand(state)])
  for (const { id, payload } of state.rows.filter(({ kind, source }) => kind === 'resource' && source === 'command')) {
    const missing = Object.keys(parsedEntry(payload).access ?? {}).find((name) => !groups.has(name))
    if (missing !== undefined && !file.resources.some((entry) => entry.id === id))
      lines.push(`${path}:1:1: the resource ${id}, which a command made, names the group ${missing}: declare it`)
  }
  const byCommand = state.rows.filter(({ kind, source }) => kind === 'resource' && source === 'command')
  for (const { id, payload } of byCommand) {
    const made = parsedEntry(payload)
    const identifiers = [urlOf(made), ...(made.aliases ?? [])]
    for (const entry of file.resources) {
      const own = [urlOf(entry.value), ...(entry.value.aliases ?? [])]
      const shared = own.find((each) => identifiers.includes(each))
      if (entry.id === id) continue
      if (shared !== undefined)
        complain(
          entry.places,
          'url',
          `${shared} is the resource ${id}, which a command made: run \`gatehouse resources remove ${id}\``,
        )
      if (entry.value.default === true && made.default === true)
        complain(entry.places, 'default', `default is true of the resource ${id} too, which a command made`)
    }
  }
  if (lines.length > 0) throw new FileMistakes(lines)
}

function eventsOf(changes: readonly PlannedChange[], by: string): readonly AuditEntry[] {
  const ofResource = { add: 'resource.added', change: 'resource.changed', remove: 'resource.removed' } as const
  const ofGroup = { add: 'group.added', change: 'group.changed', remove: 'group.removed' } as const
  const each = changes.flatMap(({ kind, action, id, members = [] }): AuditEntry[] => {
    if (kind === 'resource') return [{ type: ofResource[action], detail: { resource: id, by, members } }]
    if (kind === 'group') return [{ type: ofGroup[action], detail: { group: id, by, members } }]
    return kind === 'client' && action === 'remove' ? [{ type: 'client.removed', clientId: id, detail: { by } }] : []
  })
  return [...each, { type: 'declarations.applied', detail: { by, changes: changes.length } }]
}

export interface PlanInput {
  readonly path: string
  readonly file: DeclaredFile
  readonly state: DeclaredState
  /** The operator's clients, and all that have an id of the file. */
  readonly clients: readonly KnownClient[]
  /** For the audit trail. */
  readonly by: string
  readonly fileHash?: string | undefined
}

/** Throws FileMistakes for conflicts. */
export function planFile({ path, file, state, clients, by, fileHash }: PlanInput): Plan {
  refuseConflicts(path, file, state, clients)
  const stored = new Map(state.rows.map((each) => [`${each.kind} ${each.id}`, each]))
  const byId = new Map(clients.map((each) => [each.clientId, each]))
  const wanted = wantedRows(file)
  const keys = new Set(wanted.map(({ row }) => `${row.kind} ${row.id}`))
  const changes: PlannedChange[] = []
  const rows: StoredDeclaration[] = []
  const writtenClients: NamedClientMetadata[] = []
  const gone: string[] = []
  for (const { row, entry } of wanted) {
    const { kind, id } = row
    const known = stored.get(`${kind} ${id}`)
    const before = kind === 'client' ? byId.get(id)?.metadata : known && (JSON.parse(known.payload) as object)
    const change = { kind, id, place: row.places[''] ?? '' }
    const after = kind === 'client' ? withoutOwner(entry as NamedClientMetadata) : entry
    const members = before === undefined ? [] : differing(before, after)
    const isOther = kind === 'client' ? members.length > 0 : before !== undefined && !sameText(before, after)
    const isTaken =
      before !== undefined && (kind === 'client' ? byId.get(id)?.origin !== 'file' : known?.source !== 'file')
    if (before === undefined) changes.push({ action: 'add', ...change })
    else if (isOther || isTaken) changes.push({ action: 'change', ...change, members })
    if (kind === 'client' && (before === undefined || isOther || isTaken))
      writtenClients.push(entry as NamedClientMetadata)
    if (
      kind === 'resource' &&
      before !== undefined &&
      urlOf(before as StoredResource) !== urlOf(after as StoredResource)
    )
      gone.push(urlOf(before as StoredResource))
    if (known === undefined || isOther || isTaken || !isDeepStrictEqual(known.places, row.places)) rows.push(row)
  }
  const removed = state.rows.filter(({ kind, id, source }) => source === 'file' && !keys.has(`${kind} ${id}`))
  const removedClients = clients.filter(({ clientId, origin }) => origin === 'file' && !keys.has(`client ${clientId}`))
  for (const { kind, id } of removed.filter((each) => each.kind !== 'client'))
    changes.push({ action: 'remove', kind, id })
  for (const { clientId: id } of removedClients) changes.push({ action: 'remove', kind: 'client', id })
  gone.push(...removed.filter(({ kind }) => kind === 'resource').map(({ payload }) => urlOf(parsedEntry(payload))))
  const clientIds = removedClients.map(({ clientId }) => clientId)
  return {
    changes,
    gone: { clients: clientIds, resources: gone },
    write: {
      rows,
      removed,
      clients: writtenClients,
      removedClients: clientIds,
      fileHash,
      events: eventsOf(changes, by),
    },
  }
}
