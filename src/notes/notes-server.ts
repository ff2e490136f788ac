/** The notes server: its tools over a database, under a canonical URL and former ones. */
import type { Clock } from '../base/clock.js'
import type { Database } from '../database/database.js'
import type { ServerDefinition } from '../mcp-host/server-definition.js'
import { createNotesStore } from './notes.js'
import { createNotesReadiness } from './notes-database.js'
import { notesResource } from './notes-resource.js'
import { tools } from './tools/tools.js'

const instructions =
  'Notes of the signed-in person. Find notes with search_notes or list_notes, read them with read_note. Ask before deleting.'

/** Every token gets the same list, so it may be cached; it is private because the URL is. */
const listCache = { ttlMs: 300_000, cacheScope: 'private' } as const

/** The database is migrated and closed by the caller. */
export function notesServer(
  resourceUrl: string,
  database: Database,
  clock: Clock,
  aliases: readonly string[] = [],
): ServerDefinition {
  const store = createNotesStore(database, clock)
  return {
    resource: notesResource(resourceUrl, aliases),
    name: 'gatehouse-notes',
    options: { instructions, cacheHints: { 'tools/list': listCache, 'server/discover': listCache } },
    register: (server, call) => {
      for (const tool of tools) tool.register(server, { ...call, store })
    },
    ready: createNotesReadiness(database),
  }
}
