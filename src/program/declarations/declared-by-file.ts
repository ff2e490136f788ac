/** What is declared where nothing runs: by the followed file, or by what was applied last. For starts, and for commands beside servers. */
import { systemClock } from '../../base/clock.js'
import type { Config } from '../../config/config.js'
import type { DeclaredFile } from '../../declarations/declaration-file.js'
import { createServedDeclarations, type ServedDeclarations } from '../../mcp-host/served-declarations.js'
import type { Declarations } from '../../oauth/declared-resource.js'
import { readDeclared, type StoredDeclaration } from '../../storage/declarations/declarations.js'
import type { Part } from '../parts-served.js'
import { declaredBy } from './in-force.js'
import { type Environment, type FileText, judgeFile, readFollowed } from './judging.js'

/** Resources of a file alone, as rows would have them. */
function rowsOf({ resources }: DeclaredFile): readonly StoredDeclaration[] {
  return resources.map(({ id, value, places }) => ({
    kind: 'resource',
    id,
    source: 'file',
    payload: JSON.stringify(value),
    places,
  }))
}

/** Resources of this file; none if there is no file. Rejects with its FileMistakes. */
export async function rowsIn(
  config: Config,
  file: FileText | undefined,
  how: { readonly environment: Environment; readonly withClients: boolean },
): Promise<readonly StoredDeclaration[]> {
  return file === undefined ? [] : rowsOf((await judgeFile(config, file, how)).declared)
}

/**
 * Resources of the followed file, or of the settings if there is none. Rejects with its FileMistakes. Looks at no database: what was applied
 * beside the file is not in it.
 */
export async function declaredByFile(
  config: Config,
  parts: readonly Part[],
  environment: Environment,
): Promise<Declarations> {
  const how = { environment, withClients: parts.includes('auth') }
  return declaredBy(config, await rowsIn(config, readFollowed(config), how))
}

/** What the MCP server's database has of the file that was read last; `undefined` if none was, or the settings say where the notes are. */
export async function servedBefore(
  { notesSettings }: Pick<Config, 'notesSettings'>,
  served: Pick<ServedDeclarations, 'read'>,
): Promise<readonly StoredDeclaration[] | undefined> {
  const text = notesSettings.length > 0 ? undefined : await served.read()
  return text === undefined ? undefined : (JSON.parse(text) as readonly StoredDeclaration[])
}

/**
 * What was in force at the last run, by the issuer's database or, without it, the MCP server's; `undefined` if nothing ever was. Opens and
 * closes it.
 */
export async function inForceBefore(
  config: Config,
  parts: readonly Part[],
): Promise<readonly StoredDeclaration[] | undefined> {
  const part = parts.includes('auth') ? 'auth' : 'mcp'
  const [{ hasEmbeddedDatabase }, { isEmbedded }, { openBeside }] = await Promise.all([
    import('../data-folder.js'),
    import('../parts-served.js'),
    import('../databases.js'),
  ])
  if (isEmbedded(config, part) && !hasEmbeddedDatabase(config, part)) return undefined
  const database = await openBeside(config, part)
  try {
    if (part === 'mcp') return await servedBefore(config, createServedDeclarations(database.sql, systemClock))
    const { version, rows } = await readDeclared({ database })
    return version === 0 ? undefined : rows
  } catch (error) {
    // Not migrated yet.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === '42P01') return undefined
    throw error
  } finally {
    await database.close()
  }
}
