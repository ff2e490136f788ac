/** What a run writes down. Read back by the table in the manual, so it is parsed, not trusted. */
import { z } from 'zod'

export const targetNames = ['bare', 'postgresql', 'embedded', 'peer'] as const
export type TargetName = (typeof targetNames)[number]

const measurement = z.object({
  /** Requests or flows per second: median, lowest and highest run, and every run in order. */
  perSecond: z.object({ median: z.number(), min: z.number(), max: z.number(), runs: z.array(z.number()) }),
  p50Ms: z.number(),
  p99Ms: z.number(),
  operations: z.number(),
  /** CPU of the server process per operation; with the embedded database that includes the database. */
  serverCpuMs: z.number().optional(),
  /** CPU of PostgreSQL's processes per operation. */
  databaseCpuMs: z.number().optional(),
  /** Statements per operation, each one round trip. */
  statements: z.number().optional(),
  /** Commits that write, per operation. */
  writes: z.number().optional(),
})
export type Measurement = z.infer<typeof measurement>

const row = z.object({
  name: z.string(),
  label: z.string(),
  results: z.partialRecord(z.enum(targetNames), measurement),
})
export type Row = z.infer<typeof row>

const libraryRow = z.object({
  framework: z.string(),
  /** As in library/guards.ts. */
  guard: z.string(),
  measurement,
  /** Of the rate of the same server without a guard. */
  ratio: z.number(),
})
export type LibraryRow = z.infer<typeof libraryRow>

const spreadOf = z.object({ median: z.number(), min: z.number(), max: z.number() })
export type Spread = z.infer<typeof spreadOf>

const firstSight = z.object({
  method: z.object({ rounds: z.number(), requests: z.number(), connections: z.number() }),
  /** CPU of the process per request, less that of the same server without a guard; spread over the rounds. */
  guardCpuMs: spreadOf,
  sdkCpuMs: spreadOf,
  /** The first of these ÷ the second, of each round. */
  ratio: spreadOf,
  /** The same of whole requests. */
  requestRatio: spreadOf,
})
export type FirstSight = z.infer<typeof firstSight>

const tailAtRate = {
  /** Requests per second of the closed loop. */
  saturation: z.number(),
  /** Requests per second that were sent, whatever the server did. */
  arrivals: z.number(),
  /** Over the runs, from when a request was due. */
  p50Ms: spreadOf,
  p99Ms: spreadOf,
  /** p99 ÷ p50 of each run. */
  tail: spreadOf,
  operations: z.number(),
  errors: z.number(),
}

const openRow = z.object({
  name: z.string(),
  label: z.string(),
  ...tailAtRate,
  /** The bare engine at the same share of its own saturation: what the machine does to any server. */
  bare: z.object(tailAtRate).optional(),
})
export type OpenRow = z.infer<typeof openRow>

const openLoop = z.object({
  date: z.string(),
  database: z.enum(['postgresql', 'embedded']),
  method: z.object({ share: z.number(), seconds: z.number(), runs: z.number(), connections: z.number() }),
  rows: z.array(openRow),
})
export type OpenLoop = z.infer<typeof openLoop>

const latencies = z.object({ p50Ms: spreadOf, p99Ms: spreadOf, errors: z.number() })
const tableSize = z.object({ clients: z.number(), grants: z.number() })

const tableSizes = z.object({
  date: z.string(),
  method: z.object({ share: z.number(), seconds: z.number(), runs: z.number(), connections: z.number() }),
  few: tableSize,
  many: tableSize,
  rows: z.array(
    z.object({
      label: z.string(),
      arrivals: z.number(),
      few: latencies,
      many: latencies,
      /** p99 beside many ÷ p99 beside few, of runs in the same turn. */
      ratio: spreadOf,
    }),
  ),
})
export type TableSizes = z.infer<typeof tableSizes>

const peer = z.object({
  date: z.string(),
  versions: z.record(z.string(), z.string()),
  /** Connections to PostgreSQL, of either side. */
  poolSize: z.number(),
  method: z.object({ seconds: z.number(), runs: z.number(), connections: z.number() }),
  rows: z.array(row),
})
export type Peer = z.infer<typeof peer>

/** Of this process, in microseconds for each statement. */
const statementCost = z.object({ cpuMicros: spreadOf, wallMicros: spreadOf })

const statementCosts = z.object({
  date: z.string(),
  method: z.object({ rounds: z.number(), operations: z.number(), concurrency: z.number() }),
  /** What the first query of Prisma's client costs a process. */
  firstQuery: z.object({ milliseconds: z.number(), mebibytes: z.number() }),
  rows: z.array(z.object({ label: z.string(), prepared: statementCost, plain: statementCost, prisma: statementCost })),
})
export type StatementCosts = z.infer<typeof statementCosts>

const startTime = z.object({ label: z.string(), readyMs: z.number(), idleMiB: z.number().optional() })
export type StartTime = z.infer<typeof startTime>

export const benchResult = z.object({
  date: z.string(),
  commit: z.string().optional(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    memoryGiB: z.number(),
    system: z.string(),
    node: z.string(),
    postgresql: z.string().optional(),
    /** Version of oidc-provider. */
    engine: z.string(),
  }),
  method: z.object({ seconds: z.number(), runs: z.number(), connections: z.number() }),
  rows: z.array(row),
  /** The same call to the same process, with a real token and past a guard that accepts anything. */
  guard: z.object({ guarded: measurement, unguarded: measurement, ratio: z.number() }),
  /** A refresh beside few and beside many registered clients; `ratio`: how many times as long it takes beside many. */
  crowd: z
    .object({
      clients: z.object({ few: z.number(), many: z.number() }),
      few: measurement,
      many: measurement,
      ratio: z.number(),
    })
    .optional(),
  /** The library's guard in each framework, beside others. */
  library: z.array(libraryRow).optional(),
  /** Tokens that are seen for the first time, beside the MCP SDK. */
  firstSight: firstSight.optional(),
  /** Latencies at a fixed rate of arrivals. */
  openLoop: openLoop.optional(),
  /** better-auth on the same PostgreSQL, in the same run. */
  peer: peer.optional(),
  /** Latencies beside millions of rows. */
  tableSizes: tableSizes.optional(),
  /** One statement by each way to the database. */
  statements: statementCosts.optional(),
  /** From the answer to a revocation to the first refusal, at two resource servers, with one restart of the authorization server. */
  revocations: z
    .object({ database: z.string(), count: z.number(), p50Ms: z.number(), p99Ms: z.number(), worstMs: z.number() })
    .optional(),
  /** Authorization and token of a signed-in person with many declared resources, beside one: the server's processor time, and its memory. */
  manyResources: z
    .object({
      declared: z.number(),
      members: z.number(),
      oneMs: z.number(),
      manyMs: z.number(),
      ratio: z.number(),
      addedMiB: z.number(),
    })
    .optional(),
  verification: z.object({ cachedPerSecond: z.number(), uncachedPerSecond: z.number() }),
  /** CPU of one argon2id check: part of every full sign-in. */
  passwordCheckCpuMs: z.number(),
  starts: z.array(startTime),
})
export type BenchResult = z.infer<typeof benchResult>

export function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}

export function spreadOver(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** How much of another's rate one reaches: each run beside the other's run of the same turn, and of these the median. */
export function ratioOf(own: Measurement, other: Measurement): number {
  return median(own.perSecond.runs.map((rate, turn) => rate / (other.perSecond.runs[turn] ?? Number.NaN)))
}

/** How much of the bare engine's rate a row reaches. */
export function ratioToBare({ results }: Row, name: TargetName): number | undefined {
  const [own, bare] = [results[name], results.bare]
  return own === undefined || bare === undefined ? undefined : ratioOf(own, bare)
}
