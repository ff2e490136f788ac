/** The only place where tests are skipped: by what this machine lacks. `skipped-tests.mjs` counts them. */
import { afterAll, beforeAll, describe } from '@jest/globals'
import { type Capability, declare, hasCapability } from './capabilities.js'
import type { DatabaseKind } from './databases.js'
import { markMissing } from './machine.mjs'

/** `describe` for tests that need all of these. */
export function describeWith(needed: Capability | readonly Capability[], title: string, tests: () => void): void {
  const names = typeof needed === 'string' ? [needed] : needed
  const missing = names.filter((name) => !hasCapability(name))
  if (missing.length > 0) {
    describe.skip(markMissing(title, missing), tests)
    return
  }
  describe(title, () => {
    beforeAll(() => declare(names, 1))
    tests()
    afterAll(() => declare(names, -1))
  })
}

/** `describe` for what only a PostgreSQL server can show. */
export function describeOnPostgres(title: string, tests: () => void): void {
  describeWith('postgresql', title, tests)
}

/** `describe` for each kind of database, with the same tests; `%s` in the title is the kind. */
export function describeOnDatabases(title: string, tests: (kind: DatabaseKind) => void): void {
  describe(title.replace('%s', 'embedded'), () => tests('embedded'))
  describeOnPostgres(title.replace('%s', 'postgresql'), () => tests('postgresql'))
}
