/** Every known client against the whole product: each row says which client fails at which step, and why. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sectionText } from '../manual/pages.js'
import { clientShapes } from './client-shapes.js'
import { compatibilityTable } from './compatibility-table.js'
import { Replay, type Step, steps } from './replay.js'
import { startWorld, type World } from './world.js'

let world: World
const replays = new Map<string, Replay>()
const outcomes = new Map<string, Set<Step>>()

beforeAll(async () => {
  world = await startWorld()
  for (const shape of clientShapes) replays.set(shape.name, new Replay(world, shape))
}, 180_000)
afterAll(() => world.close())

const rows = clientShapes.flatMap(({ name }) => steps.map((step) => [name, step] as const))

describe('Compatibility', () => {
  it.each(rows)('%s: %s', async (name, step) => {
    await replays.get(name)?.run(step)
    outcomes.set(name, (outcomes.get(name) ?? new Set()).add(step))
  })

  it('is what the manual says (npm run docs:clients)', () => {
    expect(sectionText('clients')).toBe(`${compatibilityTable(clientShapes, outcomes)}\n`)
  })
})

describe('Client shapes', () => {
  it('have names of their own, and say where and when their facts were found', () => {
    expect(new Set(clientShapes.map(({ name }) => name)).size).toBe(clientShapes.length)
    for (const { source, seen } of clientShapes) {
      expect(source).toMatch(/\S{5,}/)
      expect(seen).toMatch(/^20\d\d-\d\d(-\d\d)?$/)
    }
  })

  it('leave no failure of ours in the log', () => {
    const failures = world.stack.logLines
      .map((line) => JSON.parse(line))
      .filter(({ status, level }) => status >= 500 || level === 'error')
    expect(failures).toEqual([])
  })
})
