/**
 * The local doctor: judges facts that were gathered on the servers' own machine (`facts.ts`). Owns the list of checks. The
 * command line gathers the facts, because that needs the servers' settings and databases.
 */
import { type Findings, judge } from '../finding.js'
import { addressChecks } from './address-checks.js'
import { databaseChecks } from './database-checks.js'
import type { LocalFacts } from './facts.js'
import { keyStateChecks, settingChecks, upkeepChecks } from './state-checks.js'

export function diagnoseLocally(facts: LocalFacts): Findings {
  const groups = [settingChecks, databaseChecks, keyStateChecks, upkeepChecks, addressChecks]
  return { at: facts.at, groups: judge(groups, facts) }
}
