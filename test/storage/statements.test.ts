/** That `src/statements.md` lists all that goes around Prisma's client: what is not there goes through it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { declarations } from '../../src/database/table.js'

const source = fileURLToPath(new URL('../../src', import.meta.url))

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.includes('generated'))
  .map((file) => ({ file, text: readFileSync(join(source, file), 'utf8') }))

const list = readFileSync(join(source, 'statements.md'), 'utf8')

/** What the tables below these headings name, in their last column. */
function listed(...headings: readonly string[]): readonly string[] {
  const sections = list.split('\n## ').filter((section) => headings.some((heading) => section.startsWith(heading)))
  expect(sections).toHaveLength(headings.length)
  const cells = sections.flatMap((section) =>
    [...section.matchAll(/^\|.*\| ([^|]*) \|$/gm)].map(([, cell = '']) => cell),
  )
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

/** Names that are made for a number of rows end in it. */
const withoutNumber = (name: string) => name.replace(/_take_\d+$/, '_take_*')

describe('The list of statements beside Prisma', () => {
  beforeAll(async () => {
    for (const { file, text } of files) {
      if (/\/tables\.js'|\bdeclareSignIn\(/.test(text)) await import(`../../src/${file.replace(/\.ts$/, '.js')}`)
    }
  }, 120_000)

  it('has each declared statement once, and no other', () => {
    const declared = (['auth', 'notes'] as const).flatMap((schema) => {
      const { statements, parts } = declarations(schema)
      return [...statements.map(({ statement }) => statement.name), ...parts.map(({ text }) => text.name)]
    })
    // These are declared when they are first used.
    const later = ['rate_limits_take_*', 'sign_in_throttles_take_*']
    const expected = new Set([...declared.map(withoutNumber), ...later])
    const found = listed('On the path of a request', 'Executed by an idle server', 'What Prisma cannot express')
    expect([...found].sort()).toEqual([...expected].sort())
  })

  it('has each statement that belongs to no table', () => {
    const names = files.flatMap(({ text }) =>
      [...text.matchAll(/: Statement = \{\s*name: '(\w+)'/g)].map(([, name = '']) => name),
    )
    expect([...listed('Without a table')].sort()).toEqual(names.sort())
  })

  it('has each file with SQL of its own within Prisma', () => {
    const raw = files.filter(({ text }) => /\$(?:execute|query)Raw/.test(text)).map(({ file }) => file)
    expect([...listed('SQL within Prisma')].sort()).toEqual(raw.sort())
  })
})
