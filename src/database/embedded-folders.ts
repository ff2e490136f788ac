/**
 * First start of an embedded database: it is unpacked from the image that the build made. Without a build, `initdb` creates one, and every
 * other folder starts as a copy of it. A folder gets its name only once it is complete, so a kill in between leaves no partial database.
 */
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { shippedImage, unpackImage } from './embedded-image.js'

const unfinished = (folder: string) => `${folder}.unfinished`

/** Creates one and copies it. Takes seconds. */
async function makeDatabases([first, ...others]: readonly string[]): Promise<void> {
  if (first === undefined) return
  const { PGlite } = await import('@electric-sql/pglite')
  await (await PGlite.create(unfinished(first))).close()
  for (const folder of others) await cp(unfinished(first), unfinished(folder), { recursive: true })
}

/** True if there is a database in `folder`. */
export function holdsDatabase(folder: string): boolean {
  return existsSync(join(folder, 'PG_VERSION'))
}

/** Name of the database in the build's image; it has the tables of all servers. */
export const imageName = 'database'

/**
 * Creates the databases that do not exist yet. Those unpacked from the image have the migrations of this release. Throws a one-line error
 * if the parent folder cannot be written. `image`: null if there is none.
 */
export async function prepareEmbeddedFolders(
  folders: readonly string[],
  image: string | null = shippedImage(),
): Promise<void> {
  const missing = folders.filter((folder) => !holdsDatabase(folder))
  const [first] = missing
  if (first === undefined) return
  try {
    for (const folder of missing) {
      await mkdir(dirname(folder), { recursive: true, mode: 0o700 })
      await rm(unfinished(folder), { recursive: true, force: true })
      await mkdir(unfinished(folder), { mode: 0o700 })
    }
  } catch (error) {
    throw new Error(`cannot write to ${dirname(first)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  if (image === null) await makeDatabases(missing)
  else for (const folder of missing) await unpackImage({ [imageName]: unfinished(folder) }, image)
  for (const folder of missing) await rename(unfinished(folder), folder)
}

/**
 * Removes the permissions of group and others from the folder's contents. The embedded database creates files that everybody can read and
 * write, whatever the umask. Only the folder around them is private, and a backup copy does not keep that.
 */
export function restrictToOwner(folder: string): void {
  // On Windows the file mode does not control who may read.
  if (process.platform === 'win32') return
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() && !entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name)
    const { mode } = statSync(path)
    if ((mode & 0o077) !== 0) chmodSync(path, mode & 0o700)
  }
}
