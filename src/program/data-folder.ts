/**
 * Embedded databases in DATA_DIR. A process that runs both servers keeps both in one, `database`. A process for each needs one for each,
 * `auth` and `notes`, since only one process can open a database. Whatever is there stays in use.
 */
import { join } from 'node:path'
import type { Logger } from '../base/log.js'
import type { Config } from '../config/config.js'
import { holdsDatabase, prepareEmbeddedFolders } from '../database/embedded-folders.js'
import { isEmbedded, type Part } from './parts-served.js'

type Folder = Pick<Config, 'DATA_DIR'>
type Databases = Pick<Config, 'DATABASE_URL' | 'NOTES_DATABASE_URL'>

/** What a part's schema, socket and folder of its own are called. */
export function nameOf(part: Part): string {
  return part === 'auth' ? 'auth' : 'notes'
}

const sharedFolder = ({ DATA_DIR: folder }: Folder) => join(folder, 'database')
const ownFolder = ({ DATA_DIR: folder }: Folder, part: Part) => join(folder, nameOf(part))

/**
 * Folder of a part's embedded database, which need not exist yet. Throws when there are two: a start with the wrong one would go on without the
 * accounts of the other.
 */
export function embeddedFolder(config: Folder, part: Part): string {
  const [shared, own] = [sharedFolder(config), ownFolder(config, part)]
  if (!holdsDatabase(shared)) return own
  if (!holdsDatabase(own)) return shared
  throw new Error(`${shared} and ${own} are both databases of this server: move the one away that is not in use`)
}

/** False before the first start. */
export function hasEmbeddedDatabase(config: Folder, part: Part): boolean {
  return holdsDatabase(embeddedFolder(config, part))
}

/** Makes the databases of these parts of one process, if they are embedded and not there yet. */
export async function prepareDatabases(
  config: Folder & Databases,
  parts: readonly Part[],
  log?: Logger,
): Promise<void> {
  const embedded = parts.filter((part) => isEmbedded(config, part))
  const isNew = !embedded.some((part) => holdsDatabase(embeddedFolder(config, part)))
  if (embedded.length === 2 && isNew) return prepareEmbeddedFolders([sharedFolder(config)])
  const folders = [...new Set(embedded.map((part) => embeddedFolder(config, part)))]
  await prepareEmbeddedFolders(folders)
  if (folders.length === 2)
    log?.info({ folders }, 'these embedded databases stay apart, which takes more memory and time than a shared one')
}
