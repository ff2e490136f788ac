// `npm run faults`. Plain JavaScript around main.ts: makes TypeScript loadable, and shares the tests' set-up and clean-up.
import '../support/typescript-loader.mjs'
import setUp from '../support/global-setup.mjs'
import tearDown from '../support/global-teardown.mjs'

const { faults } = await import('./main.ts')
setUp()
let status = 1
try {
  status = await faults(process.argv.slice(2))
} finally {
  await tearDown()
}
// Connections of clients that were cut off may linger for minutes.
process.exit(status)
