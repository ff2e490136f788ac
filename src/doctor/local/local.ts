/**
 * The doctor on the operator's side: judges what was gathered on the servers' own machine (`facts.ts`). Owns the list of checks.
 * Does not own gathering, which needs the servers' settings and databases: the command line does that.
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
