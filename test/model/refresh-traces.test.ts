/** Plays traces of the refresh model on the real adapter, unit of work and statements: after each step both must have come to the same. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import { revokeGrant } from '../../src/storage/grants/grants.js'
import { TokenReader } from '../../src/storage/grants/token-reader.js'
import { UnitOfWork, withinUnit } from '../../src/storage/unit-of-work.js'
import { openTestStorage, type TestStorage } from '../storage/test-storage.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { refreshBounds } from './bounds.js'
import { refreshModel } from './refresh-model.js'
import { explore } from './state-space.js'

/** Longer than the grace and the minute that the test's clock may be behind the database's. */
const tickSeconds = 1_800
const lifetimeSeconds = 100_000
const tracesOfEach = 30

interface Played {
  readonly by: string
  readonly value: string
  request?: UnitOfWork
  found?: 'gone' | 'foreign' | 'used' | 'taken'
  issued?: string
}

/** Traces that end with a commit, from all over the state space. */
function sample(bounds: (typeof refreshBounds)[string]): (readonly string[])[] {
  const traces: (() => string[])[] = []
  explore(refreshModel(bounds), {
    onEdge: (trace) => {
      traces.push(trace)
    },
  })
  const commits = traces.filter((_trace, index) => index % 7 === 0).map((trace) => trace())
  const ended = commits.filter((trace) => trace.at(-1)?.startsWith('commit'))
  const every = Math.max(1, Math.floor(ended.length / tracesOfEach))
  return ended.filter((_trace, index) => index % every === 0)
}

class Player {
  readonly #given: TestStorage
  readonly #grantId: string
  readonly values: string[] = []
  readonly requests: Played[] = []

  constructor(given: TestStorage, grantId: string) {
    this.#given = given
    this.#grantId = grantId
  }

  async #save(value: string): Promise<void> {
    const payload = { jti: value, kind: 'RefreshToken', clientId: 'client-1', grantId: this.#grantId }
    await this.#given.adapter('RefreshToken').upsert(value, payload, lifetimeSeconds)
  }

  async begin(): Promise<void> {
    const value = randomSecret()
    await this.#save(value)
    this.values.push(value)
  }

  /** As the engine does: find, check the client, use up, save what is new. */
  async look(played: Played): Promise<void> {
    const request = new UnitOfWork(this.#given.storage, new TokenReader(this.#given.storage))
    const issued = randomSecret()
    const adapter = this.#given.adapter('RefreshToken')
    const found = await withinUnit(request, async () => {
      const row = await adapter.find(played.value)
      if (row === undefined) return 'gone' as const
      if (played.by === 'stranger') return 'foreign' as const
      if (row.consumed !== undefined) return 'used' as const
      await adapter.consume(played.value)
      await this.#save(issued)
      return 'taken' as const
    })
    Object.assign(played, { request, found, issued })
  }

  /** The refresh token that the answer has; `undefined` when it is a refusal. */
  async commit({ request, found, issued, value }: Played): Promise<string | undefined> {
    if (found === 'used') await this.#given.adapter('RefreshToken').destroy(value)
    if (found !== 'taken') return undefined
    const outcome = await request?.commit()
    switch (outcome?.kind) {
      case 'committed':
        return issued
      case 'successor':
        return outcome.refreshToken
      case 'replayed':
        await revokeGrant(this.#given.storage, outcome.grantId)
        return undefined
      default:
        return undefined
    }
  }

  end(): Promise<void> {
    return this.#given.adapter('Grant').destroy(this.#grantId)
  }

  async isGranted(): Promise<boolean> {
    return (await this.#given.storage.prisma.grant.count({ where: { id: this.#grantId } })) === 1
  }
}

describeOnDatabases('What the model says of refresh tokens, on %s', (kind) => {
  let given: TestStorage
  beforeAll(async () => {
    given = await openTestStorage(kind)
  })
  afterAll(() => given.close())

  async function play(model: ReturnType<typeof refreshModel>, trace: readonly string[]): Promise<void> {
    const player = new Player(given, (await given.newGrant()).grantId)
    await player.begin()
    let state = model.initial
    for (const action of trace) {
      const next = model.next(state).find((step) => step.action === action)
      if (next === undefined) throw new Error(`${action} is no step of the model`)
      state = next.state
      const [verb = '', first = '', second = '', third = ''] = action.split(' ')
      const played = player.requests[Number(first)]
      if (verb === 'send') player.requests.push({ by: first, value: player.values[Number(second)] ?? third })
      if (verb === 'tick') given.advance(tickSeconds)
      if (verb === 'revoke') await player.end()
      if (verb === 'look' && played !== undefined) await player.look(played)
      if (verb === 'tell' || verb === 'lose') player.requests.splice(Number(first), 1)
      if (verb !== 'commit' || played === undefined) continue
      const token = await player.commit(played)
      const expected = state.requests[Number(first)]?.answer
      if (typeof expected === 'number') player.values[expected] ??= token ?? ''
      const answered = token === undefined ? 'refused' : player.values.indexOf(token)
      expect({ trace, answered, isGranted: await player.isGranted() }).toEqual({
        trace,
        answered: expected,
        isGranted: state.isGranted,
      })
    }
  }

  it.each(Object.entries(refreshBounds))('is what the statements do: %s', async (_name, bounds) => {
    const model = refreshModel(bounds)
    const traces = sample(bounds)
    expect(traces.length).toBeGreaterThan(10)
    for (const trace of traces) await play(model, trace)
  })
})
