/**
 * Replicas are upgraded one after the other, and an upgrade may be taken back: for one release old code runs on the new schema. So a
 * migration after the first only adds. What it must not do is listed here, after the rules that Boulder keeps.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

interface Rule {
  readonly name: string
  readonly breaks: (statement: string, script: string) => boolean
}

const has = (pattern: RegExp) => (statement: string) => pattern.test(statement)

/** Columns that an ALTER TABLE adds, each with its definition. */
function addedColumns(statement: string): string[] {
  if (!/^ALTER TABLE/i.test(statement)) return []
  return statement
    .split(/\bADD (?=COLUMN\b)/i)
    .slice(1)
    .map((definition) => definition.trim())
}

const rules: readonly Rule[] = [
  { name: 'drops what old code reads', breaks: has(/\bDROP (?:TABLE|COLUMN|VIEW|TYPE|SCHEMA|SEQUENCE|DEFAULT)\b/i) },
  { name: 'renames', breaks: has(/\bRENAME\b/i) },
  { name: 'changes a type, and rewrites the table', breaks: has(/\bALTER COLUMN\b.*\bTYPE\b/is) },
  { name: 'demands a value that old code does not write', breaks: has(/\bSET NOT NULL\b/i) },
  {
    name: 'adds a column that old code would have to fill in',
    breaks: (statement) =>
      addedColumns(statement).some((column) => /\bNOT NULL\b/i.test(column) && !/\bDEFAULT\b/i.test(column)),
  },
  {
    name: 'adds a constraint to a table that has rows',
    breaks: (statement, script) => {
      const table = /^ALTER TABLE "(\w+)"[^;]*\bADD CONSTRAINT\b/i.exec(statement)?.[1]
      return table !== undefined && !new RegExp(`CREATE (?:UNLOGGED )?TABLE "${table}"`, 'i').test(script)
    },
  },
  { name: 'empties or deletes', breaks: has(/^(?:TRUNCATE|DELETE)\b/i) },
  { name: 'holds a lock by itself', breaks: has(/^LOCK\b/i) },
  { name: 'lifts a time limit', breaks: has(/\b(?:lock_timeout|statement_timeout)\b/i) },
  { name: 'cannot run in a transaction', breaks: has(/\bCONCURRENTLY\b|^(?:BEGIN|COMMIT|ROLLBACK|VACUUM)\b/i) },
]

/** Without comments; the bodies of functions stay whole. */
function statementsOf(script: string): string[] {
  const bodies: string[] = []
  const folded = script
    .replace(/^\s*--.*$/gm, '')
    .replace(/\$(\w*)\$.*?\$\1\$/gs, (body) => `$${bodies.push(body) - 1}$`)
  return folded
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

function violations(script: string): string[] {
  return statementsOf(script).flatMap((statement) =>
    rules.filter(({ breaks }) => breaks(statement, script)).map(({ name }) => `${name}: ${statement.slice(0, 80)}`),
  )
}

const migrations = ['auth', 'notes'].flatMap((schema) => {
  const folder = new URL(`../../prisma/${schema}/migrations/`, import.meta.url)
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const later = names
    .map(({ name }) => name)
    .sort()
    .slice(1)
  return later.map((name) => ({
    name: `${schema}/${name}`,
    script: readFileSync(new URL(`${name}/migration.sql`, folder), 'utf8'),
  }))
})

describe('A migration after the first', () => {
  it.each(migrations)('$name only adds', ({ script }) => {
    expect(statementsOf(script).length).toBeGreaterThan(0)
    expect(violations(script)).toEqual([])
  })

  it.each([
    ['DROP TABLE "artifacts"', 'drops'],
    ['ALTER TABLE "artifacts" DROP COLUMN "model"', 'drops'],
    ['ALTER TABLE "artifacts" RENAME COLUMN "model" TO "kind"', 'renames'],
    ['ALTER TABLE "grants"\n ALTER COLUMN "id" SET DATA TYPE bigint', 'changes a type'],
    ['ALTER TABLE "grants" ALTER COLUMN "note" SET NOT NULL', 'demands'],
    ['ALTER TABLE "grants" ADD COLUMN "a" TEXT DEFAULT 1,\nADD COLUMN "b" TEXT NOT NULL', 'adds a column'],
    ['ALTER TABLE "grants" ADD CONSTRAINT "c" CHECK ("a" > 0)', 'adds a constraint'],
    ['CREATE TABLE "x" ("a" int);\nDELETE FROM "grants"', 'empties'],
    ['LOCK TABLE "grants"', 'holds a lock'],
    ['SET lock_timeout = 0', 'lifts'],
    ['CREATE INDEX CONCURRENTLY "i" ON "grants"("id")', 'cannot run'],
  ])('%s is noticed', (script, rule) => {
    expect(violations(script)).toEqual([expect.stringMatching(new RegExp(`^${rule}`))])
  })

  it.each([
    'ALTER TABLE "grants" ADD COLUMN "a" TEXT NOT NULL DEFAULT \'\', ADD COLUMN "b" TEXT',
    'CREATE TABLE "x" ("a" TEXT NOT NULL); ALTER TABLE "x" ADD CONSTRAINT "c" UNIQUE ("a")',
    'CREATE FUNCTION "f"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM "x"; RETURN NULL; END $$',
    '-- DROP TABLE of old\nCREATE INDEX "i" ON "x"("a")',
  ])('%s may stay', (script) => {
    expect(violations(script)).toEqual([])
  })
})
