import { describe, expect, it } from '@jest/globals'
import { databaseKinds } from './databases.js'

/**
 * `describe` for what only a PostgreSQL server can show. Without one its place is held by a test that says so, because Jest
 * takes a file without any test for a mistake.
 */
export function describeOnPostgres(name: string, tests: () => void): void {
  if (databaseKinds.includes('postgresql')) describe(name, tests)
  else
    describe(name, () => it('is not run: this machine has no PostgreSQL', () => expect(databaseKinds).toHaveLength(1)))
}
