/** The result in words: a table for the terminal, and the one in the manual. Both say ratios first. */
import { aligned, amount, latency, markdown, percent, rate, rateWithSpread, spread } from './format.js'
import { openLoopFacts, openLoopTable, tableSizesTable } from './open-loop-table.js'
import { peerTable } from './peer-table.js'
import { type BenchResult, type Measurement, type Row, ratioToBare } from './result.js'
import { statementsTable } from './statements-table.js'

type Cell = (row: Row) => string

const columns: readonly (readonly [heading: string, cell: Cell])[] = [
  ['Operation', ({ label }) => label],
  ['PostgreSQL ÷ bare', (row) => percent(ratioToBare(row, 'postgresql'))],
  ['embedded ÷ bare', (row) => percent(ratioToBare(row, 'embedded'))],
  ['PostgreSQL /s', ({ results }) => rateWithSpread(results.postgresql)],
  ['embedded /s', ({ results }) => rateWithSpread(results.embedded)],
  ['bare /s', ({ results }) => rateWithSpread(results.bare)],
  ['PostgreSQL p50 / p99 ms', ({ results }) => latency(results.postgresql)],
  ['embedded p50 / p99 ms', ({ results }) => latency(results.embedded)],
  ['CPU ms, server + PostgreSQL', ({ results: { postgresql } }) => cpu(postgresql)],
  ['statements', ({ results }) => amount(results.postgresql?.statements)],
  ['commits that write', ({ results }) => amount(results.postgresql?.writes)],
]

function cpu(measurement: Measurement | undefined): string {
  return `${amount(measurement?.serverCpuMs, 2)} + ${amount(measurement?.databaseCpuMs, 2)}`
}

function cells(rows: readonly Row[]): string[][] {
  return [columns.map(([heading]) => heading), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]
}

function crowdFact({ crowd }: BenchResult): string[] {
  if (crowd === undefined) return []
  const [few, many] = [crowd.clients.few, crowd.clients.many].map((count) => count.toLocaleString('en'))
  return [
    `Beside ${many} registered clients a refresh takes ${crowd.ratio.toFixed(2)} times as long as beside ${few} (p50 / p99 ${latency(crowd.many)} and ${latency(crowd.few)} ms, ${spread(crowd.many)} and ${spread(crowd.few)}).`,
  ]
}

function revocationFact({ revocations }: BenchResult): string[] {
  if (revocations === undefined) return []
  const { count, p50Ms, p99Ms, worstMs } = revocations
  const [p50, p99, worst] = [p50Ms, p99Ms, worstMs].map((ms) => (ms / 1000).toFixed(2))
  return [
    `A revoked access token is refused ${p50} s after the revocation was answered (p99 ${p99} s, worst ${worst} s): ${count.toLocaleString('en')} revocations, two resource servers that verify by themselves, one restart of the authorization server.`,
  ]
}

function manyResourcesFact({ manyResources }: BenchResult): string[] {
  if (manyResources === undefined) return []
  const { declared, members, oneMs, manyMs, ratio, addedMiB } = manyResources
  const [resources, matches] = [declared, members].map((count) => count.toLocaleString('en'))
  return [
    `With ${resources} declared resources and ${matches} members of families in use, an authorization with its token costs ${ratio.toFixed(2)} times the server's CPU that it costs with one resource (${amount(manyMs, 2)} and ${amount(oneMs, 2)} ms), and ${amount(addedMiB)} MiB more of memory.`,
  ]
}

function firstSightFact({ firstSight }: BenchResult): string[] {
  if (firstSight === undefined) return []
  const { guardCpuMs, sdkCpuMs, ratio, requestRatio, method } = firstSight
  return [
    `A token that the guard sees for the first time costs ${ratio.median.toFixed(2)} times the CPU that the MCP SDK's requireBearerAuth with jose takes (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}; ${guardCpuMs.median.toFixed(3)} and ${sdkCpuMs.median.toFixed(3)} ms on Express; with the request itself ${requestRatio.median.toFixed(2)}): ${method.rounds} rounds of ${method.requests.toLocaleString('en')} tokens, in turns.`,
  ]
}

function facts(result: BenchResult): string[] {
  const { guard, verification, starts, machine, method } = result
  const [signIn] = result.rows.filter(({ name }) => name === 'sign-in')
  const cpuOfSignIn = signIn?.results.postgresql?.serverCpuMs
  return [
    `A guarded tool call runs at ${percent(guard.ratio)} of the unguarded rate (${rate(guard.guarded)} and ${rate(guard.unguarded)} /s, ${spread(guard.guarded)} and ${spread(guard.unguarded)}).`,
    ...crowdFact(result),
    ...firstSightFact(result),
    ...revocationFact(result),
    ...manyResourcesFact(result),
    ...openLoopFacts(result),
    `A token is verified ${Math.round(verification.uncachedPerSecond).toLocaleString('en')} times a second by its signature, ${Math.round(verification.cachedPerSecond).toLocaleString('en')} times from the cache.`,
    `One password check takes ${amount(result.passwordCheckCpuMs)} ms of CPU${cpuOfSignIn === undefined ? '' : `, of ${amount(cpuOfSignIn)} ms that a whole sign-in takes`}; the bare engine checks none.`,
    ...starts.map(
      ({ label, readyMs, idleMiB }) =>
        `Start, ${label}: ready after ${amount(readyMs / 1000)} s${idleMiB === undefined ? '' : `, ${Math.round(idleMiB)} MiB of memory when idle`}.`,
    ),
    `Machine: ${machine.cpu}, ${machine.cores} cores shared by load generator, servers and database; ${machine.memoryGiB} GiB; ${machine.system}; Node ${machine.node}${machine.postgresql === undefined ? '' : `; PostgreSQL ${machine.postgresql}, fsync on`}.`,
    `Method: closed loop (8 workers for whole sign-ins, ${method.connections} for the rest), ${method.runs} runs of ${method.seconds} s after a warm-up, targets in turns; rates and latencies of the median run, ± half of what lies between the slowest and the fastest, ratios of runs in the same turn. The bare engine is oidc-provider ${machine.engine} in a plain Koa app, in memory, without pages, passwords, audit or log; ours log every request to a file.`,
  ]
}

const guardLabels: Readonly<Record<string, string>> = {
  none: 'no guard, /s',
  jwt: 'JWT',
  'jwt-uncached': 'JWT, no cache',
  introspection: 'introspection',
  'introspection-uncached': 'introspection, no cache',
  dpop: 'JWT with DPoP',
  'mcp-auth': 'mcp-auth 0.2.0',
  sdk: 'SDK requireBearerAuth',
}

/** A line for each framework: the rate without a guard, then what each guard leaves of it. */
function libraryCells({ library = [] }: BenchResult): string[][] {
  const frameworks = [...new Set(library.map(({ framework }) => framework))]
  const guards = Object.keys(guardLabels)
  const cell = (framework: string, guard: string) => {
    const found = library.find((row) => row.framework === framework && row.guard === guard)
    return guard === 'none' ? rate(found?.measurement) : percent(found?.ratio)
  }
  return frameworks.length === 0
    ? []
    : [
        ['Framework', ...guards.map((guard) => guardLabels[guard] ?? guard)],
        ...frameworks.map((framework) => [framework, ...guards.map((guard) => cell(framework, guard))]),
      ]
}

/** What is measured in runs of its own, as tables: what each says, and its lines, the heading first. */
function ownTables(result: BenchResult): { title: string; table: string[][] }[] {
  const tables = [
    {
      title: "What the library's guard leaves of a server's rate, by framework, beside others on the same server:",
      table: libraryCells(result),
    },
    ...peerTable(result),
    ...openLoopTable(result),
    ...tableSizesTable(result),
    ...statementsTable(result),
  ]
  return tables.filter(({ table }) => table.length > 0)
}

/** For the terminal. */
export function renderTerminal(result: BenchResult): string {
  const own = ownTables(result).map(({ title, table }) => `\n${title}\n${aligned(table)}\n`)
  return `${aligned(cells(result.rows))}\n${own.join('')}\n${facts(result).join('\n')}\n`
}

/** What stands in the manual between `<!-- bench:start -->` and `<!-- bench:end -->`, ratios first. */
export function renderReadmeTable(result: BenchResult): string {
  const own = ownTables(result).map(({ title, table }) => `${title}\n\n${markdown(table)}\n\n`)
  const listed = facts(result).map((fact) => `- ${fact}`)
  return `${markdown(cells(result.rows))}\n\n${own.join('')}${listed.join('\n')}\n`
}
