// Writes the generated parts of README.md that need no server: npm run readme
// The tables of settings and requirements come from the code; test/readme.test.ts and test/conformance/requirements.test.ts fail
// while they are out of date.
import { existsSync, readFileSync } from 'node:fs'
import { register } from 'node:module'
import { limitsTable } from '../dist/authorization-server/limits/limits-table.js'
import { settingsTable } from '../dist/config/config.js'
import { metricsTable } from '../dist/telemetry/metric-definitions.js'
import '../test/support/typescript-loader.mjs'
import { writeReadme } from './readme-sections.mjs'

// The rows of the threat table are tests; only Jest has what they expect things with.
const names = ['expect', 'jest', 'describe', 'it', 'test', 'beforeAll', 'beforeEach', 'afterAll', 'afterEach']
const anything = `const anything = new Proxy(() => {}, { get: (_, key) => typeof key === 'symbol' ? () => '' : anything, apply: () => anything })
  ${names.map((name) => `export const ${name} = anything`).join('\n')}`
const stand = `data:text/javascript,${encodeURIComponent(anything)}`
const hook = `export const resolve = (name, context, next) =>
  name === '@jest/globals' ? { url: ${JSON.stringify(stand)}, shortCircuit: true } : next(name, context)`
register(`data:text/javascript,${encodeURIComponent(hook)}`)

const { foundingSystemsTable, requirementsTable } = await import('../test/conformance/requirements.ts')
const { threatTable } = await import('../test/security/threat-table.ts')
const { savedFaultsTable } = await import('../test/faults/result.ts')
const { foreignTable } = await import('../test/foreign/libraries.ts')
const { librarySize } = await import('../test/resource-server/packed-library.ts')
const benchTable = new URL('bench-table.md', import.meta.url)
writeReadme({
  settings: settingsTable(),
  metrics: metricsTable(),
  limits: limitsTable(),
  threats: await threatTable(),
  faults: savedFaultsTable(),
  requirements: requirementsTable(),
  library: librarySize(),
  foreign: foreignTable(),
  'founding-systems': foundingSystemsTable(),
  ...(existsSync(benchTable) ? { bench: readFileSync(benchTable, 'utf8').trim() } : {}),
})
