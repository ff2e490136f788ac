// Which test files are unit tests: those that, with everything they import below test/, start no server, database or process. Told by their
// imports, so that no list has to be kept.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const tests = fileURLToPath(new URL('..', import.meta.url))

/** Packages that open something, and our own ways to do so (opened.ts). */
const opens =
  /^(node:(child_process|http|https|net|cluster)|pg|@electric-sql\/pglite|playwright-core|\..*\/opened\.js)$/

const importsOf = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:^|\n)import (?!type\b)[^'"`;]*'([^']+)'/g)].map(([, name]) => name)

function fileOf(importer, specifier) {
  const path = join(dirname(importer), specifier)
  const source = path.replace(/\.js$/, '.ts')
  return existsSync(source) ? source : path
}

const known = new Map()

function opensSomething(file) {
  const judged = known.get(file)
  if (judged !== undefined) return judged
  known.set(file, false)
  const names = importsOf(file)
  const below = names.filter((name) => name.startsWith('.')).map((name) => fileOf(file, name))
  const result =
    names.some((name) => opens.test(name)) || below.some((other) => other.startsWith(tests) && opensSomething(other))
  known.set(file, result)
  return result
}

/** Absolute paths. `apart`: folders that have a Jest run of their own. */
export function unitTests(apart) {
  return readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .map((name) => join(tests, name))
    .filter((file) => file.endsWith('.test.ts') && !apart.some((folder) => file.includes(folder)))
    .filter((file) => !opensSomething(file))
}
