/**
 * The seeds of every fuzz target, without the engine: each keeps the invariants, as it is and with its parts repeated. Runs wherever
 * Jest does. An input that once broke an invariant stays here for good.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { judge, pumped } from './judge.js'
import { targets } from './targets.js'

const corpus = fileURLToPath(new URL('corpus', import.meta.url))
const largestSeed = 8_192
/** Choices of the part that is repeated, for each seed. */
const repetitions = [1, 0x1234567, 0x2abcdef1, 0x7fedcba9]

function seedsOf(name: string): readonly (readonly [string, Buffer])[] {
  return readdirSync(join(corpus, name)).map((file) => [file, readFileSync(join(corpus, name, file))] as const)
}

async function complaint(run: () => void | Promise<void>): Promise<string | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    return String(error)
  }
}

describe('The seeds of the fuzz targets', () => {
  it('belong to a target, and each target has some', () => {
    expect(readdirSync(corpus).sort()).toEqual(targets.map(({ name }) => name).sort())
    for (const { name } of targets) expect([name, seedsOf(name).length > 2]).toEqual([name, true])
  })

  it.each(targets.map((target) => [target.name, target] as const))('%s', async (name, { load }) => {
    const target = await load()
    expect(target.name).toBe(name)
    const complaints: string[] = []
    for (const [file, seed] of seedsOf(name)) {
      expect([file, seed.length <= Math.min(largestSeed, target.maxBytes)]).toEqual([file, true])
      for (const input of [seed, ...repetitions.map((choice) => pumped(seed, target.maxBytes, choice))]) {
        const broken = await complaint(() => judge(target, input))
        if (broken !== undefined) complaints.push(`${file}: ${broken}`)
      }
    }
    expect(complaints).toEqual([])
  })
})
