/**
 * What tests need beyond Node, and whether they said so. Helpers that start a program call `demandCapability`, which throws in a test
 * that is in no `describeWith` of that capability. So a machine that has everything proves which tests would fail where it is missing.
 */
import { type Capability, howToGet } from './machine.mjs'

export type { Capability } from './machine.mjs'

const declared = new Map<Capability, number>()

/** Read when asked: the fault plan and the benchmarks look around after they have loaded this. */
export const hasCapability = (name: Capability): boolean =>
  (process.env['TEST_CAPABILITIES'] ?? '').split(',').includes(name)

/** Counts the running `describe` blocks that need it. */
export function declare(names: readonly Capability[], difference: 1 | -1): void {
  for (const name of names) declared.set(name, (declared.get(name) ?? 0) + difference)
}

/** Throws an Error if this machine lacks it, or if the running test has not said that it needs it. */
export function demandCapability(name: Capability): void {
  if (!hasCapability(name)) throw new Error(`this machine lacks ${name}: ${howToGet(name)}`)
  // The benchmarks and the fault plan start programs too; they run outside Jest and check first.
  if (process.env['JEST_WORKER_ID'] !== undefined && (declared.get(name) ?? 0) === 0)
    throw new Error(`this test uses ${name} outside describeWith('${name}', …): it would fail on a machine without it`)
}
