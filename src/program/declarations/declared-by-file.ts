/** What is declared where nothing runs: by the followed file, or by what was applied last. For starts, and for commands beside servers. */
import type { Config } from '../../config/config.js'
import type { DeclaredFile } from '../../declarations/declaration-file.js'
import type { Declarations } from '../../oauth/declared-resource.js'
import { type DeclaredState, readDeclared, type StoredDeclaration } from '../../storage/declarations/declarations.js'
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

/** Resources of this file, or of the settings if there is none. Rejects with its FileMistakes. */
export async function declaredIn(
  config: Config,
  file: FileText | undefined,
  how: { readonly environment: Environment; readonly withClients: boolean },
): Promise<Declarations> {
  if (file === undefined) return declaredBy(config, [])
  const { declared } = await judgeFile(config, file, how)
  return declaredBy(config, rowsOf(declared))
}

/**
 * Resources of the followed file, or of the settings if there is none. Rejects with its FileMistakes. Looks at no database: what was applied
 * beside the file is not in it.
 */
export function declaredByFile(
  config: Config,
  parts: readonly Part[],
  environment: Environment,
): Promise<Declarations> {
  return declaredIn(config, readFollowed(config), { environment, withClients: parts.includes('auth') })
}

/** What was applied to the issuer's database of these settings; `undefined` if nothing ever was. Opens and closes it. */
export async function appliedBefore(config: Config): Promise<DeclaredState | undefined> {
  const [{ hasEmbeddedDatabase }, { isEmbedded }, { openBeside }] = await Promise.all([
    import('../data-folder.js'),
    import('../parts-served.js'),
    import('../databases.js'),
  ])
  if (isEmbedded(config, 'auth') && !hasEmbeddedDatabase(config, 'auth')) return undefined
  const database = await openBeside(config, 'auth')
  try {
    const state = await readDeclared({ database })
    return state.version === 0 ? undefined : state
  } catch (error) {
    // Not migrated yet.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === '42P01') return undefined
    throw error
  } finally {
    await database.close()
  }
}
