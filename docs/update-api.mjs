// Writes what the library exports, for review: npm run api. test/architecture.test.ts fails while it differs from the code.
import { writeFileSync } from 'node:fs'
import '../test/support/typescript-loader.mjs'

const { currentApi, reviewedApi } = await import('../test/resource-server/api.ts')
writeFileSync(reviewedApi, currentApi())
