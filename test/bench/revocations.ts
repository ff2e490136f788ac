/** How long a revoked access token is still taken: 1,000 revocations, the built program as two processes, and the library. */

import { percentile, runRevocations } from '../support/revocation-run.js'
import { startStackProcess } from '../support/stack-process.js'
import type { BenchResult } from './result.js'

export const revocationsName = 'revocations'

const count = 1_000

/** On PostgreSQL where there is one. */
export async function measureRevocations(hasPostgres: boolean): Promise<NonNullable<BenchResult['revocations']>> {
  const database = hasPostgres ? 'postgresql' : 'embedded'
  const { milliseconds } = await runRevocations({
    count,
    start: (only, env) => startStackProcess({ database, only, env: { LOG_LEVEL: 'warn', ...env } }),
  })
  return {
    database,
    count,
    p50Ms: percentile(milliseconds, 50),
    p99Ms: percentile(milliseconds, 99),
    worstMs: Math.max(...milliseconds),
  }
}
