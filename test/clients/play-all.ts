/** Every client, every step, outside the test runner: for the manual's table (docs/update-clients.mjs). */
import { clientShapes } from './client-shapes.js'
import { compatibilityTable } from './compatibility-table.js'
import { Replay, type Step, steps } from './replay.js'
import { startWorld } from './world.js'

export async function playAll(): Promise<{ readonly table: string; readonly failures: readonly string[] }> {
  const world = await startWorld()
  const outcomes = new Map<string, Set<Step>>()
  const failures: string[] = []
  try {
    for (const shape of clientShapes) {
      const replay = new Replay(world, shape)
      const worked = new Set<Step>()
      outcomes.set(shape.name, worked)
      for (const step of steps) {
        try {
          await replay.run(step)
          worked.add(step)
        } catch (error) {
          failures.push(`${shape.name}: ${step}: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
    }
  } finally {
    await world.close()
  }
  return { table: compatibilityTable(clientShapes, outcomes), failures }
}
