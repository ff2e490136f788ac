/**
 * The image: a new embedded database with the migrations of this release, which the build packs (build-image.mjs). Unpacking it is fast,
 * whereas `initdb` in WebAssembly and Prisma's schema engine take ten seconds. The image holds no secret and no row of an installation.
 *
 * Its format, inside Brotli: the length of the index in 4 bytes, big-endian; the index in JSON; the contents of the files. Identical
 * contents are stored once, because most files are the same in every database.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  type Dirent,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, brotliDecompress, constants } from 'node:zlib'
import { z } from 'zod'

/** Relative to the root of the package, so that the sources find it too after a build. */
const builtImage = fileURLToPath(new URL('../../dist/embedded-databases.br', import.meta.url))

const databaseSchema = z.object({
  folders: z.array(z.string()),
  /** `length` bytes at `offset` of the contents, then zeros up to `size`. */
  files: z.array(z.object({ path: z.string(), offset: z.number(), length: z.number(), size: z.number() })),
})
const indexSchema = z.record(z.string(), databaseSchema)
type ImageIndex = z.infer<typeof indexSchema>

/** PostgreSQL allocates files in advance: a new write-ahead log is 16 MiB of zeros. */
function lengthWithoutZeros(content: Buffer): number {
  let length = content.length
  while (length > 0 && content[length - 1] === 0) length -= 1
  return length
}

/** Packs closed databases, under the names that `unpackImage` takes. */
export async function packImage(databases: Readonly<Record<string, string>>): Promise<Buffer> {
  const contents: Buffer[] = []
  const offsets = new Map<string, number>()
  let end = 0
  const place = (content: Buffer): number => {
    const hash = createHash('sha256').update(content).digest('hex')
    const known = offsets.get(hash)
    if (known !== undefined) return known
    const offset = end
    offsets.set(hash, offset)
    contents.push(content)
    end += content.length
    return offset
  }
  const index: ImageIndex = {}
  for (const [name, root] of Object.entries(databases)) {
    const pathOf = (entry: Dirent) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')
    // Sorted, because file systems list entries in different orders, and equal databases must give equal images.
    const entries = readdirSync(root, { recursive: true, withFileTypes: true }).sort((left, right) =>
      pathOf(left) < pathOf(right) ? -1 : 1,
    )
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const content = readFileSync(join(entry.parentPath, entry.name))
        const length = lengthWithoutZeros(content)
        return { path: pathOf(entry), offset: place(content.subarray(0, length)), length, size: content.length }
      })
    // Folders before their contents.
    index[name] = { folders: entries.filter((entry) => entry.isDirectory()).map(pathOf), files }
  }
  const head = Buffer.from(JSON.stringify(index))
  const headLength = Buffer.alloc(4)
  headLength.writeUInt32BE(head.length)
  // The largest window that every decoder supports: 16 MiB.
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 9 }
  return promisify(brotliCompress)(Buffer.concat([headLength, head, ...contents]), { params })
}

/** Path of the build's image; null if this code runs without a build. */
export function shippedImage(): string | null {
  return existsSync(builtImage) ? builtImage : null
}

/**
 * Unpacks databases of an image, by name, into existing empty folders. Only the owner can read the files. Returns the names that the image
 * does not have.
 */
export async function unpackImage(
  folders: Readonly<Record<string, string>>,
  image: string,
): Promise<readonly string[]> {
  const packed: Buffer = await promisify(brotliDecompress)(await readFile(image))
  const start = 4 + packed.readUInt32BE(0)
  const index = indexSchema.parse(JSON.parse(packed.toString('utf8', 4, start)))
  for (const [name, root] of Object.entries(folders)) {
    const database = index[name]
    if (database === undefined) continue
    for (const folder of database.folders) mkdirSync(join(root, folder), { mode: 0o700 })
    for (const { path, offset, length, size } of database.files) {
      const file = openSync(join(root, path), 'wx', 0o600)
      try {
        writeSync(file, packed, start + offset, length)
        if (size > length) ftruncateSync(file, size)
      } finally {
        closeSync(file)
      }
    }
  }
  return Object.keys(folders).filter((name) => index[name] === undefined)
}
