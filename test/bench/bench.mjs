// `npm run bench`. Plain JavaScript around main.ts: makes TypeScript loadable, and shares the tests' set-up and clean-up.
import '../support/typescript-loader.mjs'
import setUp from '../support/global-setup.mjs'
import tearDown from '../support/global-teardown.mjs'

const { bench } = await import('./main.ts')
setUp()
try {
  await bench(process.argv.slice(2))
} finally {
  await tearDown()
}
