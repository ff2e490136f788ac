// Plays every known client against the whole product and writes the manual's compatibility table: npm run docs:clients
// test/clients/compatibility.test.ts fails while the table is not what such a run yields.
import '../test/support/typescript-loader.mjs'
import setUp from '../test/support/global-setup.mjs'
import tearDown from '../test/support/global-teardown.mjs'
import { writeSections } from './generated-sections.mjs'

const { playAll } = await import('../test/clients/play-all.ts')
setUp()
try {
  const { table, failures } = await playAll()
  writeSections({ clients: table })
  for (const failure of failures) console.error(failure)
  process.exitCode = failures.length > 0 ? 1 : 0
} finally {
  await tearDown()
}
