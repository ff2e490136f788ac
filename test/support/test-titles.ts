/** Which tests a file holds, read from its text: for tables that name the test that proves something. */
import { existsSync, readFileSync } from 'node:fs'

const testFolder = new URL('../', import.meta.url)
const known = new Map<string, ReadonlySet<string>>()

/** Titles right after `it(`, or after the table of an `it.each(…)(`; skipped tests are not among them. */
export function titlesIn(source: string): ReadonlySet<string> {
  const titles = source.matchAll(/(?:\b(?:it|describeOn\w+)|\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)
  return new Set([...titles].map(([, , title = '']) => title.replaceAll(/\\(.)/g, '$1')))
}

/** `file`: under test/. Empty when there is no such file. */
export function titlesOf(file: string): ReadonlySet<string> {
  const path = new URL(file, testFolder)
  const titles = known.get(file) ?? (existsSync(path) ? titlesIn(readFileSync(path, 'utf8')) : new Set<string>())
  known.set(file, titles)
  return titles
}
