import { describe, expect, it } from '@jest/globals'
import { openCalls } from '../../src/base/calls.js'
import { channelPair } from '../support/channel-pair.js'

type Sums = { readonly sum: { readonly ask: readonly number[]; readonly answer: number } }
type None = Readonly<Record<never, never>>

function openSums(sum: (numbers: readonly number[]) => number | Promise<number>) {
  const [here, there] = channelPair()
  openCalls<None, Sums>(there, { sum })
  return { calls: openCalls<Sums, None>(here, {}), channel: here }
}

describe('Questions between two processes', () => {
  it('each get their own answer, in whatever order', async () => {
    const { calls } = openSums(async (numbers) => {
      await new Promise((resolve) => setTimeout(resolve, 20 - numbers.length * 5))
      return numbers.reduce((left, right) => left + right, 0)
    })
    const asked = [[1], [1, 2], [1, 2, 3]].map((numbers) => calls.call('sum', numbers))
    expect(await Promise.all(asked)).toEqual([1, 3, 6])
  })

  it('fail with what the other side threw', async () => {
    const { calls } = openSums(() => {
      throw new Error('no sums today')
    })
    await expect(calls.call('sum', [])).rejects.toThrow('no sums today')
  })

  it('fail at their limit, and when the other side goes or has gone', async () => {
    const { calls, channel } = openSums(() => new Promise(() => undefined))
    await expect(calls.call('sum', [], 10)).rejects.toThrow('no answer to sum within 10 ms')
    const waiting = calls.call('sum', [])
    channel.close()
    await expect(waiting).rejects.toThrow('the other process has gone')
    await expect(calls.call('sum', [])).rejects.toThrow('the other process has gone')
  })

  it('leave messages of others on the channel alone', async () => {
    const [here, there] = channelPair()
    openCalls<None, Sums>(there, { sum: () => 7 })
    const calls = openCalls<Sums, None>(here, {})
    for (const message of ['text', null, { kind: 'other' }, { cmd: 'NODE_CLUSTER' }]) there.send(message)
    expect(await calls.call('sum', [])).toBe(7)
  })
})
