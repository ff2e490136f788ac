/**
 * First start of the embedded databases: they are unpacked from the image that the build made. Without a build one is made by `initdb`, and
 * every other folder starts as its copy. A folder appears under its name only when it is complete, so a kill in between leaves no half.
 */
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { hasShippedImage, unpackImage } from './embedded-image.js'

const unfinished = (folder: string) => `${folder}.unfinished`

/** Makes one and copies it. Takes seconds. */
async function makeDatabases([first, ...others]: readonly string[]): Promise<void> {
  if (first === undefined) return
  const { PGlite } = await import('@electric-sql/pglite')
  await (await PGlite.create(unfinished(first))).close()
  for (const folder of others) await cp(unfinished(first), unfinished(folder), { recursive: true })
}

/**
 * Creates the databases that do not exist yet. `folders`: named as the image names databases; those that are unpacked from it have the
 * migrations of this release. Throws one clear line when their parent cannot be written.
 */
export async function prepareEmbeddedFolders(folders: readonly string[]): Promise<void> {
  const missing = folders.filter((folder) => !existsSync(join(folder, 'PG_VERSION')))
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
  const byName = Object.fromEntries(missing.map((folder) => [basename(folder), unfinished(folder)]))
  const unknown = hasShippedImage() ? await unpackImage(byName) : Object.keys(byName)
  await makeDatabases(missing.filter((folder) => unknown.includes(basename(folder))))
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
