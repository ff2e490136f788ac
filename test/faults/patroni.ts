/** A failover that nobody plays: Patroni finds out that the primary is gone, promotes another and brings the old one back. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type PatroniCluster, type PatroniNode, whyNoPatroni } from '../support/patroni.js'
import { urlOf } from '../support/postgres.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { now } from './readiness.js'

/** Longest time to a new leader: `ttl` of docs/operations/patroni.yml, and what the two others take to agree. */
const electedSeconds = 30

interface Succession {
  /** Seconds from the blow to the leader, and from there until all were ready. */
  readonly elected: number
  readonly back: number
}

/** Resolves when somebody else leads and all servers have noticed. */
async function succession(
  { demand, demandReadiness }: Scene,
  patroni: PatroniCluster,
  old: PatroniNode,
  struckAt: number,
): Promise<Succession> {
  await patroni.leader(old)
  const electedAt = now()
  const elected = (electedAt - struckAt) / 1_000
  demand(elected <= electedSeconds, `Patroni took ${seconds(elected)} to elect another one`)
  return { elected, back: await demandReadiness(true, electedAt, 5) }
}

/** Milliseconds a write is waited for at a primary that is none any more. */
const patienceMs = 3_000

/** Whether this PostgreSQL itself says that it has stored something, to somebody who asks it past HAProxy. */
async function acknowledges({ port }: PatroniNode): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlOf(port, 'postgres'), query_timeout: patienceMs })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('CREATE TABLE written_at_the_old_primary ()')
    return true
  } catch {
    return false
  } finally {
    client.end().catch(() => undefined)
  }
}

const told = ({ elected, back }: Succession) => `another one after ${seconds(elected)}, back ${seconds(back)} later`

/** Load goes on between two blows, on a cluster that is whole. */
async function whole(patroni: PatroniCluster): Promise<PatroniNode> {
  const leader = await patroni.settled()
  await sleep(3_000)
  return leader
}

async function killed(scene: Scene, patroni: PatroniCluster): Promise<string> {
  const old = await whole(patroni)
  const struckAt = now()
  await old.kill9()
  const away = await scene.demandReadiness(false, struckAt, 2)
  const next = await succession(scene, patroni, old, struckAt)
  await sleep(3_000)
  await old.start()
  return `killed: told after ${seconds(away)}, ${told(next)}`
}

async function handedOver(scene: Scene, patroni: PatroniCluster): Promise<string> {
  const old = await whole(patroni)
  const struckAt = now()
  const [next] = await Promise.all([succession(scene, patroni, old, struckAt), patroni.switchover()])
  return `switchover: ${told(next)}`
}

/** The old primary lives on and thinks that it is one, until Patroni comes round. */
async function frozen(scene: Scene, patroni: PatroniCluster): Promise<string> {
  const old = await whole(patroni)
  const struckAt = now()
  old.freeze()
  try {
    const next = await succession(scene, patroni, old, struckAt)
    scene.demand(!(await acknowledges(old)), 'the old primary acknowledged a write after another one was elected')
    return `Patroni stopped: ${told(next)}`
  } finally {
    old.thaw()
  }
}

/** For longer than the leader's lease. */
const etcdAwayMs = 25_000

async function withoutEtcd({ load, demand }: Scene, patroni: PatroniCluster): Promise<string> {
  const old = await whole(patroni)
  const before = load.putOff
  await patroni.killEtcd()
  await sleep(etcdAwayMs)
  demand(await old.leads(), 'the primary gave up without etcd')
  await patroni.startEtcd()
  await sleep(5_000)
  const putOff = load.putOff - before
  demand(putOff === 0, `${putOff} were put off while etcd was away`)
  return `etcd away for ${etcdAwayMs / 1_000} s: ${putOff} put off`
}

export const electedFailover: Fault = {
  id: 'F26',
  name: 'Patroni, three nodes behind HAProxy: the primary and its Patroni killed (SIGKILL); a switchover; the primary’s Patroni stopped (SIGSTOP); etcd killed',
  guarantee: `another primary ≤ ${electedSeconds} s, of Patroni’s lease of 20; ready ≤ 5 s after that by themselves; an old primary acknowledges nothing; nobody is put off for etcd`,
  unavailable: whyNoPatroni,
  longestMinutes: 8,
  // Longer than Patroni needs to find out, or the repetition of a refresh whose answer was lost may come too late.
  world: () => ({ withPatroni: true, env: { REFRESH_GRACE_SECONDS: '60' } }),
  strike: async (scene) => {
    const { patroni } = scene.world
    if (patroni === undefined) throw new Error('this world has no Patroni')
    const measured: string[] = []
    for (const blow of [killed, handedOver, frozen, withoutEtcd]) measured.push(await blow(scene, patroni))
    await patroni.settled()
    return measured
  },
}
