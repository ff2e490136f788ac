/** The keys that sign are replaced again and again, and retired ones come to their end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeProtectedHeader } from 'jose'
import { refresh, type Tokens } from '../support/oauth-client.js'
import { askPastProxy } from '../support/past-proxy.js'
import type { StackProcess } from '../support/stack-process.js'
import { isTaken, newHolder, operate, untilRefused } from './endings.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { now } from './readiness.js'
import { type World, withSession } from './world.js'

const kidOf = ({ access_token: token }: Tokens) => decodeProtectedHeader(token).kid ?? ''

/** What each authorization server publishes by itself. */
function published({ auth }: World): Promise<readonly string[][]> {
  const ask = async (server: StackProcess) => {
    const { text } = await askPastProxy(server, '/jwks')
    return (JSON.parse(text) as { readonly keys: readonly { readonly kid: string }[] }).keys.map(({ kid }) => kid)
  }
  return Promise.all(auth.map(ask))
}

/** Waits for what both servers do by themselves every two seconds; resolves to the seconds it took. */
async function within(limit: number, { demand, quick }: Scene, what: string, holds: () => Promise<boolean>) {
  const since = now()
  while (!(await holds())) {
    if (now() - since > 60_000) throw new Error(`${what}: not after a minute`)
    await sleep(100)
  }
  const took = (now() - since) / 1_000
  demand(quick || took <= limit, `${what}: only after ${seconds(took)}`)
  return took
}

/** Moves the moment at which something is to happen to a key to the present: its time has passed. */
function passTime(world: World, moment: 'activates_at' | 'published_until', condition: string): Promise<unknown> {
  return withSession(world, 'auth', (session) =>
    session.query(`UPDATE signing_keys SET ${moment} = now() WHERE algorithm = 'ES256' AND ${condition}`),
  )
}

/** A new key is published, the lead passes, in which resource servers read the key set, and it signs at both. */
async function rotate(scene: Scene, fresh: () => Promise<Tokens>): Promise<Tokens> {
  const { world } = scene
  const before = kidOf(await fresh())
  const known = new Set((await published(world)).flat())
  await operate(world, ['keys', 'rotate'])
  await within(5, scene, 'both publish the new key', async () =>
    (await published(world)).every((kids) => kids.some((kid) => !known.has(kid))),
  )
  await world.mcp.stop()
  await world.mcp.restart()
  await passTime(world, 'activates_at', `status = 'next'`)
  // The proxy sends to both in turn.
  let inTurn = 0
  let tokens = await fresh()
  await within(5, scene, 'both sign with the new key', async () => {
    tokens = await fresh()
    inTurn = kidOf(tokens) === before ? 0 : inTurn + 1
    return inTurn >= 6
  })
  return tokens
}

export const rotatedKeys: Fault = {
  id: 'F13',
  name: 'the signing key replaced three times under load; of the retired ones, one revoked, one at the end of its time',
  guarantee:
    'no valid token is refused; both sign with the new key ≤ 5 s after its moment; none of an ended key is taken',
  strike: async (scene) => {
    const { world, demand } = scene
    let holder = await newHolder(world, world.accounts.ada)
    const fresh = async () => {
      const { tokens, error } = await refresh(holder.grant, holder.tokens.refresh_token ?? '')
      if (tokens === undefined) throw new Error(`an honest refresh was refused: ${error}`)
      holder = { ...holder, tokens }
      return tokens
    }
    const held = [await fresh()]
    let looks = 0
    const look = async (which: readonly Tokens[]) => {
      for (const tokens of which) {
        looks += 1
        demand(await isTaken(world, tokens), 'a valid token was refused')
      }
    }
    for (let round = 0; round < 3; round += 1) {
      held.push(await rotate(scene, fresh))
      await look(held)
    }
    const [revoked, ended, ...good] = held
    if (revoked === undefined || ended === undefined) throw new Error('there are no tokens')
    demand(new Set(held.map(kidOf)).size === held.length, 'two of the tokens have the same key')
    await operate(world, ['keys', 'revoke', kidOf(revoked)])
    const took = await untilRefused(scene, revoked, now(), 2_000)
    demand(took <= 2, `a token of a revoked key was taken for ${seconds(took)}`)
    await look([ended, ...good])
    await passTime(world, 'published_until', `kid = '${kidOf(ended)}' AND status = 'previous'`)
    const gone = await within(5, scene, 'a key whose time is over is gone', async () =>
      (await published(world)).every((kids) => !kids.includes(kidOf(ended))),
    )
    await world.mcp.stop()
    await world.mcp.restart()
    demand(!(await isTaken(world, ended)), 'I3: a token is taken whose key is no more')
    await look(good)
    return [
      `3 rotations, ${looks} looks with older tokens, none refused`,
      `revoked key felt after ${seconds(took)}, ended one gone after ${seconds(gone)}`,
    ]
  },
}
