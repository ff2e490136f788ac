/** PostgreSQL is there, but slow, locked, full up, or it ends sessions. */
import { setTimeout as sleep } from 'node:timers/promises'
import { refresh } from '../support/oauth-client.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { now } from './readiness.js'
import { p99 } from './watched.js'
import { withSession } from './world.js'

function p99Since({ world }: Scene, from: number): number {
  return p99(world.front.answers.slice(from).map(({ milliseconds }) => milliseconds))
}

export const slowDatabase: Fault = {
  id: 'F4',
  name: 'every packet to and from PostgreSQL 500 ms late, then none answered at all for 20 s',
  guarantee: 'no request hangs longer than the statement limit and 5 s; told not ready ≤ 2 s; p99 back ≤ 10 s after',
  strike: async (scene) => {
    const { world, demand, demandReadiness } = scene
    const base = p99Since(scene, 0)
    const before = world.front.answers.length
    world.relay.delay(500)
    await sleep(10_000)
    const slow = p99Since(scene, before)
    world.relay.delay(0)
    const struckAt = now()
    world.relay.swallow()
    const told = await demandReadiness(false, struckAt, 2)
    await sleep(20_000)
    world.relay.restore()
    const back = await demandReadiness(true, now(), 5)
    // The feed of revocations waits by itself until there is something to say.
    const answered = world.front.answers.slice(before).filter(({ path }) => path !== '/revocations')
    const [slowest] = answered.sort((one, other) => other.milliseconds - one.milliseconds)
    const longest = slowest?.milliseconds ?? 0
    demand(longest < 17_000, `a request took ${seconds(longest / 1_000)}: ${slowest?.path}`)
    await sleep(10_000)
    const after = world.front.answers.length
    await sleep(5_000)
    const recovered = p99Since(scene, after)
    demand(recovered < Math.max(4 * base, 500), `p99 is ${Math.round(recovered)} ms, ${Math.round(base)} ms before`)
    return [
      `p99 ${Math.round(base)} ms before, ${Math.round(slow)} ms with the delay, ${Math.round(recovered)} ms after`,
      `told after ${seconds(told)}, longest request ${seconds(longest / 1_000)}, back after ${seconds(back)}`,
    ]
  },
}

export const exhaustedPool: Fault = {
  id: 'F5',
  name: '200 clients at once on 5 connections, while a session holds locks on what they write',
  guarantee: 'bounded queue: 503 with Retry-After, alive throughout, no deadlock; ready ≤ 5 s after',
  world: () => ({ env: { DATABASE_POOL_SIZE: '6', DATABASE_QUEUE_LIMIT: '60', DATABASE_LOCK_TIMEOUT_SECONDS: '2' } }),
  strike: async ({ world, load, demand, demandReadiness }) => {
    const statuses = new Map<number, number>()
    let isOver = false
    const client = async () => {
      while (!isOver) {
        const status = await refresh(load.grant, 'not-a-token').then(
          (answer) => answer.status,
          () => 0,
        )
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        await sleep(status === 503 ? 100 : 5)
      }
    }
    const clients = Promise.all(Array.from({ length: 200 }, client))
    await withSession(world, 'auth', async (session) => {
      await session.query('BEGIN')
      await session.query('LOCK TABLE artifacts IN ACCESS EXCLUSIVE MODE')
      await sleep(8_000)
      await session.query('COMMIT')
    })
    const back = await demandReadiness(true, now(), 5)
    await sleep(2_000)
    isOver = true
    await clients
    const [answered = 0, refused = 0] = [statuses.get(400), statuses.get(503)]
    demand(refused > 0 && answered > 0, 'nobody was told to come again, or nobody was answered afterwards')
    return [`${answered} answered, ${refused} told to come again, back after ${seconds(back)}`]
  },
}

const endSessions = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`

export const endedSessions: Fault = {
  id: 'F6',
  name: 'all sessions at PostgreSQL ended (pg_terminate_backend) every 2 s for 60 s',
  guarantee: 'only what is under way is put off, and no lost connection is used again',
  quick: true,
  strike: async ({ world, load, quick, demandReadiness }) => {
    const rounds = quick ? 3 : 30
    let ended = 0
    await withSession(world, 'postgres', async (session) => {
      for (let round = 0; round < rounds; round += 1) {
        ended += (await session.query(endSessions)).rowCount ?? 0
        await sleep(quick ? 700 : 2_000)
      }
    })
    const back = await demandReadiness(true, now(), 5)
    return [`${ended} sessions ended, ${load.putOff} requests put off, back after ${seconds(back)}`]
  },
}

export const lockedTable: Fault = {
  id: 'F7',
  name: 'an open transaction holds ACCESS EXCLUSIVE on the table of tokens for 8 s',
  guarantee: 'a request that waits too long for it gets 503; service recovers by itself',
  quick: true,
  strike: async ({ world, quick, demand }) => {
    const before = world.front.answers.length
    const heldMs = quick ? 7_000 : 8_000
    await withSession(world, 'auth', async (session) => {
      await session.query('BEGIN')
      await session.query('LOCK TABLE artifacts IN ACCESS EXCLUSIVE MODE')
      await sleep(heldMs)
      await session.query('COMMIT')
    })
    const releasedAt = now()
    const answers = world.front.answers.slice(before)
    const putOff = answers.filter(({ status }) => status === 503).length
    demand(putOff > 0, 'nobody was told to come again')
    const done = world.front.answers.length
    const isTokenAnswered = () =>
      world.front.answers.slice(done).some(({ path, status }) => path === '/token' && status === 200)
    while (!isTokenAnswered() && now() - releasedAt < 60_000) await sleep(20)
    const took = (now() - releasedAt) / 1_000
    demand(quick ? isTokenAnswered() : took < 5, `no token was issued for ${seconds(took)} after the lock was gone`)
    return [`${putOff} told to come again, tokens ${seconds(took)} after`]
  },
}
