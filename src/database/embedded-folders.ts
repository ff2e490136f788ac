/**
 * First start of an embedded database: it is unpacked from the image that the build made. Without a build one is made by `initdb`, and
 * every other folder starts as its copy. A folder appears under its name only when it is complete, so a kill in between leaves no half.
 */
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { shippedImage, unpackImage } from './embedded-image.js'

const unfinished = (folder: string) => `${folder}.unfinished`

/** Makes one and copies it. Takes seconds. */
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

/** What the build's image calls the database in it, which has the tables of all servers. */
export const imageName = 'database'

/**
 * Creates the databases that do not exist yet. Those that are unpacked from the image have the migrations of this release. Throws one clear
 * line when their parent cannot be written. `image`: null if there is none.
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
 * Takes group and others their rights to what is in the folder. The embedded database makes its files readable and writable for
 * everybody, whatever the umask; only the folder around them is closed, and a copy made for a backup leaves that behind.
 */
export function restrictToOwner(folder: string): void {
  // On Windows the file mode says nothing about who may read.
  if (process.platform === 'win32') return
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() && !entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name)
    const { mode } = statSync(path)
    if ((mode & 0o077) !== 0) chmodSync(path, mode & 0o700)
  }
}
