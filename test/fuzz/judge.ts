/** Runs one input against a target: its invariants, and the time that it may take. */
import { performance } from 'node:perf_hooks'
import { BrokenInvariant, type FuzzTarget } from './target.js'

/** CPU time for one input, in milliseconds. Honest ones take less than a hundredth of it, instrumented. */
export const slowestMs = 250
/** Other work of the machine slows single runs down, so that the fastest of these counts. */
const runsOfSlowInput = 3

function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}

function refuseSlow(target: FuzzTarget, input: Buffer, fastestMs: number): void {
  if (fastestMs <= slowestMs) return
  throw new BrokenInvariant(
    `${target.name} took ${Math.round(fastestMs)} ms for ${input.length} bytes (at most ${slowestMs} ms)`,
  )
}

/** FNV-1a: chooses, from the input alone, what is done with it besides. */
function hashOf(input: Buffer): number {
  let hash = 0x811c9dc5
  for (const byte of input) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/**
 * The input with one part of it repeated until it is as long as the target allows. Regular expressions that backtrack, and lists that
 * are searched for each of their entries, show themselves by repetition only.
 */
export function pumped(input: Buffer, maxBytes: number, seed = hashOf(input)): Buffer {
  if (input.length === 0) return input
  const start = seed % input.length
  const length = 1 + ((seed >>> 8) % Math.min(12, input.length - start))
  const part = input.subarray(start, start + length)
  const times = Math.max(1, Math.floor((maxBytes - input.length) / length))
  return Buffer.concat([input.subarray(0, start), ...Array<Buffer>(times).fill(part), input.subarray(start + length)])
}

/** Each input by itself, and one of 64 pumped up as well. */
function inputsFrom(target: FuzzTarget, input: Buffer): readonly Buffer[] {
  const hash = hashOf(input)
  return (hash >>> 24) % 64 === 0 ? [input, pumped(input, target.maxBytes, hash)] : [input]
}

function checkWithin(target: FuzzTarget, input: Buffer): void | Promise<void> {
  const startedAt = performance.now()
  const checked = target.check(input)
  if (checked === undefined) {
    if (performance.now() - startedAt <= slowestMs) return
    let fastest = Number.POSITIVE_INFINITY
    for (let run = 0; run < runsOfSlowInput; run += 1) {
      const before = process.cpuUsage()
      target.check(input)
      fastest = Math.min(fastest, cpuMs(before))
    }
    return refuseSlow(target, input, fastest)
  }
  return checked.then(async () => {
    if (performance.now() - startedAt <= slowestMs) return
    let fastest = Number.POSITIVE_INFINITY
    for (let run = 0; run < runsOfSlowInput; run += 1) {
      const before = process.cpuUsage()
      await target.check(input)
      fastest = Math.min(fastest, cpuMs(before))
    }
    refuseSlow(target, input, fastest)
  })
}

/**
 * Throws, or rejects, if an invariant of the target does not hold for these bytes, or they take too long. Synchronous for a target that
 * is: the engine gets through many times as many inputs.
 */
export function judge(target: FuzzTarget, bytes: Buffer): void | Promise<void> {
  // The engine uses its buffer again, and a target may keep parts of it.
  const [input = bytes, stretched] = inputsFrom(target, Buffer.from(bytes))
  const checked = checkWithin(target, input)
  if (stretched === undefined) return checked
  return checked === undefined ? checkWithin(target, stretched) : checked.then(() => checkWithin(target, stretched))
}
