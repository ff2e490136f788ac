// Writes the generated parts of README.md that need no server: npm run readme
// The tables of settings and requirements come from the code; test/readme.test.ts and test/conformance/requirements.test.ts fail
// while they are out of date.
import { existsSync, readFileSync } from 'node:fs'
import { limitsTable } from '../dist/authorization-server/limits-table.js'
import { settingsTable } from '../dist/config.js'
import { metricsTable } from '../dist/platform/metric-definitions.js'
import '../test/support/typescript-loader.mjs'
import { writeReadme } from './readme-sections.mjs'

const { foundingSystemsTable, requirementsTable } = await import('../test/conformance/requirements.ts')
const { librarySize } = await import('../test/resource-server/packed-library.ts')
const benchTable = new URL('bench-table.md', import.meta.url)
writeReadme({
  settings: settingsTable(),
  metrics: metricsTable(),
  limits: limitsTable(),
  requirements: requirementsTable(),
  library: librarySize(),
  'founding-systems': foundingSystemsTable(),
  ...(existsSync(benchTable) ? { bench: readFileSync(benchTable, 'utf8').trim() } : {}),
})
