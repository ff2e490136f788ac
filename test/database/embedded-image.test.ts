import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { packImage, unpackImage } from '../../src/database/embedded-image.js'
import { pendingMigrations } from '../../src/database/migrate.js'
import { embeddedFolder } from '../support/embedded-template.js'
import { openEmbeddedSchema } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'

/** Every file below `folder` with its content, and every folder. */
function contents(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    paths.map((path) => {
      const isFile = statSync(join(folder, path)).isFile()
      return [path, isFile ? readFileSync(join(folder, path)).toString('base64') : 'folder']
    }),
  )
}

function emptyFolder(): string {
  const folder = join(temporaryFolder('unpacked'), 'database')
  mkdirSync(folder)
  return folder
}

async function packed(databases: Readonly<Record<string, string>>): Promise<string> {
  const file = join(temporaryFolder('image'), 'image.br')
  writeFileSync(file, await packImage(databases))
  return file
}

describe('The image of new embedded databases', () => {
  it('gives back every file and folder, with the zeros at the end of a file', async () => {
    const made = temporaryFolder('made')
    mkdirSync(join(made, 'inner', 'innermost'), { recursive: true })
    writeFileSync(join(made, 'text'), 'text')
    writeFileSync(join(made, 'empty'), '')
    writeFileSync(join(made, 'zeros'), Buffer.alloc(70_000))
    writeFileSync(join(made, 'inner', 'padded'), Buffer.concat([Buffer.from('\0text'), Buffer.alloc(9_000)]))
    const unpacked = emptyFolder()
    expect(await unpackImage({ made: unpacked }, await packed({ made }))).toEqual([])
    expect(contents(unpacked)).toEqual(contents(made))
    expect(statSync(join(unpacked, 'text')).mode & 0o077).toBe(0)
  })

  it('has each content once, and names the databases that it lacks', async () => {
    const [one, two] = [temporaryFolder('one'), temporaryFolder('two')]
    const noise = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * index * 7_919) >> 5))
    for (const folder of [one, two]) writeFileSync(join(folder, 'same'), noise)
    const [single, both] = [await packImage({ one }), await packImage({ one, two })]
    expect(both.length - single.length).toBeLessThan(200)
    const [first, second, third] = [emptyFolder(), emptyFolder(), emptyFolder()]
    expect(await unpackImage({ one: first, two: second, three: third }, await packed({ one, two }))).toEqual(['three'])
    expect([first, second, third].map(contents)).toEqual([contents(one), contents(two), {}])
  })

  it('gives back a database that opens, with its migrations', async () => {
    const unpacked = emptyFolder()
    await unpackImage({ notes: unpacked }, await packed({ notes: await embeddedFolder() }))
    const database = await openEmbeddedSchema(unpacked, 'notes')
    try {
      expect(await pendingMigrations(database, join('prisma', 'notes', 'migrations'))).toEqual([])
    } finally {
      await database.close()
    }
  })
})
