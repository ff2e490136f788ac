/** Hours of load, with a fault every two minutes: what leaks, and what is never swept, shows only then. */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { cutInCommit, killedHard } from './database-away.js'
import { endedSessions, lockedTable } from './database-troubled.js'
import type { Fault, Scene } from './fault.js'
import { now } from './readiness.js'
import { killedReplica } from './replicas.js'
import { residentMegabytes } from './watched.js'
import { processes, type World, withSession } from './world.js'

/** In their short form. None of them ends the process of which memory is watched; see `strike`. */
const cheap: readonly Fault[] = [killedHard, cutInCommit, endedSessions, lockedTable, killedReplica]

const everyMs = 120_000
/** The sweeper leaves expired rows for five minutes and comes once a minute (storage/sweep.ts); twice that is too long. */
const sweptSeconds = 2 * (300 + 60)

const tables = ['artifacts', 'ephemeral_artifacts', 'sessions', 'grants', 'revocations']

/** Rows that should have been swept long ago. */
function overdue(world: World): Promise<number> {
  const counts = tables.map(
    (table) => `(SELECT count(*) FROM ${table} WHERE expires_at < now() - interval '${sweptSeconds} seconds')`,
  )
  return withSession(world, 'auth', async (session) => {
    const { rows } = await session.query<{ overdue: string }>(`SELECT ${counts.join(' + ')} AS overdue`)
    return Number(rows[0]?.overdue)
  })
}

interface Sample {
  readonly hours: number
  readonly megabytes: number
}

/** Megabytes an hour, by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [hours, megabytes] = [mean(samples.map((one) => one.hours)), mean(samples.map((one) => one.megabytes))]
  const covariance = mean(samples.map((one) => (one.hours - hours) * (one.megabytes - megabytes)))
  return covariance / mean(samples.map((one) => (one.hours - hours) ** 2))
}

/** What a process may grow in an hour, once it is warm. */
const slopeLimit = 20
/** Shorter runs say nothing about growth: they are all warming up. */
export const minutesForSlope = 60

/** `minutes` undefined: it was not asked for. */
export function soak(minutes: number | undefined): Fault {
  const strike = async (scene: Scene) => {
    const { world, demand } = scene
    const startedAt = now()
    const limitMs = (minutes ?? 0) * 60_000
    const samples: Sample[] = []
    let [faults, mostOverdue] = [0, 0]
    let nextAt = everyMs
    while (now() - startedAt < limitMs) {
      await sleep(5_000)
      const passed = now() - startedAt
      // The first authorization server and the MCP server are never ended: `killedReplica`, in short, would end the first.
      const watched = [world.auth[0], world.mcp]
      const megabytes = watched.reduce((sum, { pid }) => sum + residentMegabytes(pid), 0)
      samples.push({ hours: passed / 3_600_000, megabytes })
      if (passed < nextAt) continue
      nextAt += everyMs
      const fault = cheap[randomInt(cheap.length)]
      const reversed: Scene = { ...scene, quick: true, world: { ...world, auth: [world.auth[1], world.auth[0]] } }
      await fault?.strike(reversed)
      world.relay.restore()
      faults += 1
      mostOverdue = Math.max(mostOverdue, await overdue(world))
      demand(mostOverdue === 0, `${mostOverdue} rows are expired for more than ${sweptSeconds} s`)
    }
    demand(
      processes(world).every(({ isRunning }) => isRunning),
      'a server has ended',
    )
    const warm = samples.slice(Math.floor(samples.length / 2))
    const slope = slopeOf(warm)
    const isLong = (minutes ?? 0) >= minutesForSlope
    demand(!isLong || slope <= slopeLimit, `memory grows by ${Math.round(slope)} MB an hour`)
    const grown = isLong ? `memory ${slope.toFixed(1)} MB an hour in the second half` : 'too short to tell growth'
    return [`${minutes} minutes, ${faults} faults, ${mostOverdue} rows left unswept, ${grown}`]
  }
  return {
    id: 'F23',
    name: 'hours of load with a random fault every two minutes',
    guarantee: `memory grows by at most ${slopeLimit} MB an hour; nothing expired is left for ${sweptSeconds / 60} minutes`,
    world: () => ({}),
    longestMinutes: (minutes ?? 0) + 10,
    strike,
    ...(minutes === undefined && { unavailable: () => 'by `npm run faults -- soak --minutes 120`' }),
  }
}
