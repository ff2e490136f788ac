import { setImmediate as nextTurn } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { expect, it } from '@jest/globals'
import { collectGarbage } from '../../src/cli/memory.js'

it('collects what nobody holds any more, and leaves no way to do so behind', async () => {
  const forgotten = new WeakRef({ size: new Array(1_000).fill(0) })
  // What a WeakRef was made of is held until the turn is over.
  await nextTurn()
  expect(forgotten.deref()).toBeDefined()
  await nextTurn()
  collectGarbage()
  expect(forgotten.deref()).toBeUndefined()
  expect(runInNewContext('typeof gc')).toBe('undefined')
})
