import { describe, expect, it } from '@jest/globals'
import { createFairQueue, type FairQueueOptions, QueueFull, type Sender } from '../../src/base/fair-queue.js'

const options = { concurrency: 1, queueLimit: 64, perSender: 32 }

/** A queue whose tasks end when they are told to, in the order in which they began. */
function openQueue(given: Partial<FairQueueOptions> = {}) {
  const queue = createFairQueue({ ...options, ...given })
  const begun: string[] = []
  const refused: string[] = []
  const ends: (() => void)[] = []
  const add = (name: string, networks: readonly string[], further: Omit<Sender, 'networks'> = {}) => {
    const task = () => {
      begun.push(name)
      return new Promise<void>((resolve) => ends.push(resolve))
    }
    queue.run({ networks, ...further }, task).catch((error: unknown) => {
      expect(error).toBeInstanceOf(QueueFull)
      refused.push(name)
    })
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const drain = async () => {
    for (await turn(); ends.length > 0; await turn()) ends.shift()?.()
  }
  return { add, begun, refused, drain, turn }
}

describe('A fair queue', () => {
  it('lets the first task of another sender go before the rest of a flood', async () => {
    const { add, begun, drain } = openQueue()
    for (let task = 0; task < 20; task += 1) add(`flood ${task}`, ['192.0.2.1'])
    add('honest', ['198.51.100.7'])
    await drain()
    expect(begun.slice(0, 3)).toEqual(['flood 0', 'flood 1', 'honest'])
    expect(begun).toHaveLength(21)
  })

  it('does not take the addresses of one IPv6 site for many senders', async () => {
    const { add, begun, drain } = openQueue()
    for (let home = 0; home < 10; home += 1) {
      for (let task = 0; task < 3; task += 1) add(`site ${home} ${task}`, [`64 ${home} ${task}`, `56 ${home}`, 'site'])
    }
    add('honest', ['64', '56', '48'])
    await drain()
    expect(begun.indexOf('honest')).toBe(2)
  })

  it('takes turns among the homes of one site', async () => {
    const { add, begun, drain } = openQueue()
    for (let task = 0; task < 5; task += 1) add(`loud ${task}`, ['64 loud', '56 loud', 'site'])
    add('quiet home', ['64 other', '56 other', 'site'])
    await drain()
    expect(begun.slice(0, 3)).toEqual(['loud 0', 'quiet home', 'loud 1'])
  })

  it('lets those who are known go first', async () => {
    const { add, begun, drain } = openQueue()
    for (let sender = 0; sender < 10; sender += 1) add(`stranger ${sender}`, [`192.0.2.${sender}`])
    add('known', ['192.0.2.1'], { isKnown: true })
    await drain()
    expect(begun.slice(0, 2)).toEqual(['stranger 0', 'known'])
  })

  it('lets one task at once go first for each that recognises senders, so that nobody can be recognised too often', async () => {
    const { add, begun, refused, drain } = openQueue({ perSender: 4 })
    add('running', ['z'])
    for (let browser = 0; browser < 10; browser += 1)
      add(`flood ${browser}`, ['a'], { isKnown: true, knownTo: 'account a' })
    add('stranger', ['b'])
    add('known', ['c'], { isKnown: true, knownTo: 'account c' })
    await drain()
    expect(begun.slice(0, 5)).toEqual(['running', 'flood 0', 'known', 'flood 1', 'stranger'])
    expect(refused).toHaveLength(6)
    add('later', ['a'], { isKnown: true, knownTo: 'account a' })
    await drain()
    expect(begun.at(-1)).toBe('later')
  })

  it('takes so many of one sender, twice as many for each wider network, and from those who are known more', async () => {
    const { add, begun, refused, drain } = openQueue({ perSender: 3 })
    for (let room = 0; room < 20; room += 1) {
      for (let task = 0; task < 4; task += 1) add(`${room} ${task}`, [`64 ${room}`, `56 ${room >> 2}`, 'site'])
    }
    add('known', ['64 0', '56 0', 'site'], { isKnown: true })
    await drain()
    expect(begun).toHaveLength(13)
    expect(refused).toHaveLength(68)
  })

  it('when it is full, gives a place of the sender with the most to one with fewer, never of one who is known', async () => {
    const { add, begun, refused, drain, turn } = openQueue({ queueLimit: 6 })
    add('running', ['z'])
    for (let task = 0; task < 4; task += 1) add(`many ${task}`, ['a'])
    add('known 0', ['k'], { isKnown: true })
    add('known 1', ['k'], { isKnown: true })
    add('newcomer', ['b'])
    add('many 4', ['a'])
    await turn()
    expect(refused.toSorted()).toEqual(['many 3', 'many 4'])
    await drain()
    expect(begun.slice(0, 5)).toEqual(['running', 'known 0', 'known 1', 'many 0', 'newcomer'])
  })

  it('when it is full, gives one who is known a place even where every sender has one', async () => {
    const { add, begun, refused, drain, turn } = openQueue({ queueLimit: 2 })
    for (const name of ['running', 'first', 'second']) add(name, [name])
    add('known', ['k'], { isKnown: true })
    await turn()
    expect(refused).toEqual(['first'])
    await drain()
    expect(begun).toEqual(['running', 'known', 'second'])
  })

  it('runs no more tasks of one sender at once than it may, while others go on', async () => {
    const { add, begun, drain, turn } = openQueue({ concurrency: 3, runningPerSender: 1 })
    for (let task = 0; task < 3; task += 1) add(`slow ${task}`, ['a'])
    add('other', ['b'])
    await turn()
    expect(begun).toEqual(['slow 0', 'other'])
    await drain()
    expect(begun).toHaveLength(4)
  })

  it('tells senders apart only when it knows them', async () => {
    const { add, begun, refused, drain } = openQueue({ perSender: 1, queueLimit: 5 })
    for (let task = 0; task < 8; task += 1) add(`${task}`, [])
    await drain()
    expect([begun.length, refused.length]).toEqual([6, 2])
  })

  it('goes on after a task that failed', async () => {
    const queue = createFairQueue(options)
    const failing = queue.run({ networks: ['a'] }, () => Promise.reject(new Error('no')))
    const next = queue.run({ networks: ['a'] }, async () => 'yes')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })
})
