// Writes the generated parts of the manual that need no server: npm run docs
// test/manual/generated-sections.test.ts fails while they are out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { register } from 'node:module'
import { limitsTable } from '../dist/authorization-server/limits/limits-table.js'
import { commandReference } from '../dist/cli/cli.js'
import { errorSections } from '../dist/cli/errors-manual.js'
import { settingsTable } from '../dist/config/config.js'
import { fileReference } from '../dist/declarations/file-reference.js'
import { metricsTable } from '../dist/telemetry/metric-definitions.js'
import '../test/support/typescript-loader.mjs'
import { writeSections } from './generated-sections.mjs'

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
const { benchResult } = await import('../test/bench/result.ts')
const { renderReadmeTable } = await import('../test/bench/table.ts')
const { benchChart } = await import('../test/bench/chart.ts')
const { exampleBlock, exampleNames } = await import('../test/manual/examples.ts')
const measured = benchResult.parse(JSON.parse(readFileSync(new URL('bench.json', import.meta.url), 'utf8')))
writeFileSync(new URL('pictures/bench.svg', import.meta.url), benchChart(measured))
writeSections({
  settings: settingsTable(),
  commands: commandReference(),
  file: fileReference(),
  metrics: metricsTable(),
  limits: limitsTable(),
  ...errorSections(),
  threats: await threatTable(),
  faults: savedFaultsTable(),
  requirements: requirementsTable(),
  library: librarySize(),
  foreign: foreignTable(),
  'founding-systems': foundingSystemsTable(),
  bench: renderReadmeTable(measured).trim(),
  ...Object.fromEntries(exampleNames.map((name) => [name, exampleBlock(name)])),
})
