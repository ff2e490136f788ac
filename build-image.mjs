// node build-image.mjs <file>: packs a new embedded database with all migrations, for first starts (src/database/embedded-image.ts). Needs
// the compiled program. Same sources, same Node: same bytes, whenever and wherever it runs. `initdb` writes the time and random numbers
// into the database, so in this process the clock stands still and the random numbers are a fixed sequence. No installation has a secret
// from them: the image holds none, and every installation of one release has always begun with the same image.
import crypto, { createHash, webcrypto } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: node build-image.mjs <file>')

const moment = Date.UTC(2000, 0, 1)
globalThis.Date = class extends Date {
  constructor(...parts) {
    super(...(parts.length === 0 ? [moment] : parts))
  }
  static now() {
    return moment
  }
}
performance.now = () => 0

let blocks = 0
function fillWithSequence(view) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  for (let offset = 0; offset < bytes.length; offset += 32) {
    const block = createHash('sha256').update(String(blocks)).digest()
    blocks += 1
    bytes.set(block.subarray(0, bytes.length - offset), offset)
  }
  return view
}
for (const api of [globalThis.crypto, webcrypto]) api.getRandomValues = fillWithSequence
crypto.randomFillSync = fillWithSequence
syncBuiltinESMExports()
Math.random = () => 0.5
process.env.TZ = 'UTC'

const schemas = ['auth', 'notes']
const compiled = (module) => import(new URL(`dist/database/${module}.js`, import.meta.url))
const [{ imageName, prepareEmbeddedFolders }, { openEmbeddedSchema }, { migrate }, { packImage }] = await Promise.all(
  ['embedded-folders', 'embedded-database', 'migrate', 'embedded-image'].map(compiled),
)
const folder = mkdtempSync(`${file}-`)
try {
  const database = join(folder, 'database')
  await prepareEmbeddedFolders([database])
  // One after the other: which of two finishes first is no matter of the sources.
  const opened = []
  for (const schema of schemas) opened.push(await openEmbeddedSchema(database, schema))
  for (const [index, schema] of schemas.entries())
    await migrate(opened[index], join(import.meta.dirname, 'prisma', schema, 'migrations'))
  for (const { close } of opened) await close()
  writeFileSync(file, await packImage({ [imageName]: database }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
