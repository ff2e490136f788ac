/** `gatehouse resources proposals`: entries for servers that clients asked for, as the servers describe themselves. */
import { parse, stringify } from 'yaml'
import { listAuditEvents } from '../storage/audit/audit-events.js'
import { type Terminal, writeJson } from './command.js'
import { inForce } from './declared.js'
import { withStorage } from './storage.js'

interface Proposal {
  readonly at: Date
  readonly clientId: string | undefined
  readonly resource: string
  readonly entry: unknown
}

const mostEvents = 1_000

const entryIn = (text: unknown): unknown =>
  ((typeof text === 'string' ? parse(text, { maxAliasCount: 0 }) : undefined) as { resources?: unknown[] })
    ?.resources?.[0]

/** The newest of each server that is not declared yet; as a file to paste from, with who asked as comments. */
export async function proposals(terminal: Terminal, json: boolean): Promise<void> {
  const [events, { resources }] = await withStorage(terminal, (storage) =>
    Promise.all([
      listAuditEvents(storage, { type: 'resource.proposed', limit: mostEvents }),
      inForce(terminal, storage),
    ]),
  )
  const declared = new Set(resources.flatMap(({ url, aliases }) => [url, ...aliases]))
  const found = new Map<string, Proposal>()
  for (const { at, clientId, detail } of events) {
    const { resource, entry } = detail
    if (typeof resource !== 'string' || declared.has(resource)) continue
    found.set(resource, { at, clientId, resource, entry: entryIn(entry) })
  }
  const all = [...found.values()]
  if (json) return writeJson(terminal, all)
  if (all.length === 0) {
    terminal.stderr.write('No client asked for a server that could be declared (RESOURCE_DISCOVERY_HOSTS).\n')
    return
  }
  // A client id of a stranger must not end the comment.
  const comments = all.map(({ at, clientId = '', resource }) =>
    `# ${resource}, asked for by ${clientId} at ${at.toISOString()}`.replace(/\p{C}/gu, '\ufffd'),
  )
  const file = stringify({ resources: all.map(({ entry }) => entry) }, { lineWidth: 0, aliasDuplicateObjects: false })
  terminal.stdout.write(`${comments.join('\n')}\n${file}`)
}
