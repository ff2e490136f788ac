/** Waits of an hour: each ends for the reason that its test names, or the test does not end. */
import { describe, expect, it } from '@jest/globals'
import { createChangeWatch } from '../../src/authorization-server/endpoints/change-watch.js'
import { eventually } from '../support/eventually.js'

const hourMs = 3_600_000
const nobodyLeaves = new AbortController().signal

function newWatch(intervalMs = 1) {
  const asked: (string | undefined)[] = []
  let hasChanged = false
  const stopping = new AbortController()
  const { watch } = createChangeWatch({
    ask: async (since) => {
      asked.push(since)
      const changed = hasChanged
      hasChanged = false
      return { changed, place: `place ${asked.length}` }
    },
    intervalMs,
    stopping: stopping.signal,
  })
  return { watch, asked, stopping, change: () => (hasChanged = true) }
}

describe('Waiting for a change', () => {
  it('ends for everybody at one change, which one question a time found', async () => {
    const { watch, asked, change } = newWatch()
    const watchers = [watch(), watch(), watch()]
    const waiting = watchers.map((watcher) => watcher.wait(hourMs, nobodyLeaves))
    await eventually(() => asked.length > 3)
    change()
    await Promise.all(waiting)
    for (const watcher of watchers) watcher.end()
    // Each question went on from the place of the one before, however many wait.
    expect(asked.slice(1)).toEqual(asked.slice(1).map((_, index) => `place ${index + 1}`))
  })

  it('does not begin when there was a change since the watcher was made', async () => {
    const { watch, asked, change } = newWatch()
    const watcher = watch()
    change()
    const asking = asked.length
    await eventually(() => asked.length > asking + 1)
    await watcher.wait(hourMs, nobodyLeaves)
    watcher.end()
  })

  it('ends for everybody when the server stops, and for one who leaves', async () => {
    // A question in an hour: no change is found meanwhile.
    const { watch, stopping } = newWatch(hourMs)
    const leaving = new AbortController()
    const [left, stayed] = [watch(), watch()]
    let hasStayed = true
    const waiting = stayed.wait(hourMs, nobodyLeaves).finally(() => (hasStayed = false))
    const gone = left.wait(hourMs, leaving.signal)
    leaving.abort()
    await gone
    expect(hasStayed).toBe(true)
    stopping.abort()
    await waiting
    for (const watcher of [left, stayed]) watcher.end()
  })

  it('asks nothing once nobody watches', async () => {
    const { watch, asked } = newWatch()
    const watcher = watch()
    await eventually(() => asked.length > 1)
    watcher.end()
    await eventually(async () => {
      const before = asked.length
      await new Promise((resolve) => setTimeout(resolve, 20))
      return asked.length === before
    })
  })
})
