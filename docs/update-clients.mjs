// Plays every known client against the whole product and writes the README's compatibility table: npm run readme:clients
// test/clients/compatibility.test.ts fails while the table is not what such a run yields.
import '../test/support/typescript-loader.mjs'
import setUp from '../test/support/global-setup.mjs'
import tearDown from '../test/support/global-teardown.mjs'
import { writeReadme } from './readme-sections.mjs'

const { playAll } = await import('../test/clients/play-all.ts')
setUp()
try {
  const { table, failures } = await playAll()
  writeReadme({ clients: table })
  for (const failure of failures) console.error(failure)
  process.exitCode = failures.length > 0 ? 1 : 0
} finally {
  await tearDown()
}
