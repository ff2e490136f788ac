/** One of two replicas is killed, both are restarted in turn, and what must happen once is asked of both at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from '../support/browser.js'
import { completeCode, redeem, refresh } from '../support/oauth-client.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { isPutOff } from './load.js'
import { now } from './readiness.js'

/** The load's clients each have one request at a time, and the MCP server one for revocations. */
const mostUnderWay = 8

export const killedReplica: Fault = {
  id: 'F9',
  name: 'one of two authorization servers killed (SIGKILL) under load, and started again',
  guarantee: 'only what it was answering is put off; the other one serves on; both within 3 s of its start',
  quick: true,
  strike: async ({ world, load, quick, demand, demandReadiness }) => {
    const rounds = quick ? 1 : 6
    const back: number[] = []
    let cut = 0
    for (let round = 0; round < rounds; round += 1) {
      const victim = world.auth[round % 2 === 0 ? 0 : 1]
      const cutBefore = world.front.cut
      await victim.kill9()
      const served = load.counts.tokens
      for (let waited = 0; waited < 200 && load.counts.tokens === served; waited += 1) await sleep(50)
      demand(load.counts.tokens > served, 'the other replica issued no tokens')
      await victim.restart()
      back.push(await demandReadiness(true, now(), 3))
      cut += world.front.cut - cutBefore
      demand(world.front.cut - cutBefore <= mostUnderWay, `${cut} requests were cut by one kill`)
    }
    return [`${rounds} kills, ${cut} requests cut, both ready after ${seconds(Math.max(...back))}`]
  },
}

export const rollingRestart: Fault = {
  id: 'F10',
  name: 'both authorization servers restarted in turn (SIGTERM), 20 times, the proxy told before',
  guarantee: 'no request fails, none is cut; each ends by itself within 10 s',
  // What the proxy had sent before it was told may not have arrived when the signal does.
  world: () => ({ env: { STOP_DELAY_SECONDS: '1' } }),
  strike: async ({ world, load, demand }) => {
    const putOffBefore = load.putOff
    const slowest: number[] = []
    for (let round = 0; round < 20; round += 1) {
      const replica = world.auth[round % 2 === 0 ? 0 : 1]
      const [port = 0] = replica.origins.map((origin) => Number(new URL(origin).port))
      world.front.takeOut(port)
      const startedAt = now()
      const status = await replica.stop()
      slowest.push((now() - startedAt) / 1_000)
      demand(status === 0, `a server that was asked to stop ended with ${status}`)
      await replica.restart()
      world.front.putBack(port)
    }
    demand(load.putOff === putOffBefore, `${load.putOff - putOffBefore} requests failed`)
    demand(Math.max(...slowest) <= 10, `a stop took ${seconds(Math.max(...slowest))}`)
    return [`20 restarts, ${load.putOff - putOffBefore} requests failed, slowest stop ${seconds(Math.max(...slowest))}`]
  },
}

const racers = 50

interface Tally {
  codes: number
  refreshes: number
  putOff: number
}

/** One code and then its refresh token, each asked for by everybody at once; `strike` happens in the middle of each. */
async function race({ world, load, demand }: Scene, browser: Browser, tally: Tally, strike: () => Promise<void>) {
  const { grant } = load
  const everybody = async <T>(ask: () => Promise<T>) => {
    const asked = Array.from({ length: racers }, () => ask().catch(() => undefined))
    await strike()
    return Promise.all(asked)
  }
  const { code, codeVerifier } = await completeCode(grant, browser, { account: world.accounts.ada })
  const exchanges = await everybody(() => redeem(grant, code, codeVerifier))
  const losers = exchanges.filter((answer) => answer !== undefined && answer.status !== 200 && !isPutOff(answer))
  const winners = exchanges.filter((answer) => answer?.status === 200).length
  demand(winners <= 1, `a code was redeemed ${winners} times`)
  demand(
    losers.every((answer) => answer?.error === 'invalid_grant'),
    'a loser was not told invalid_grant',
  )
  tally.codes += 1
  const spare = await completeCode(grant, browser, { account: world.accounts.ada })
  const { tokens } = await redeem(grant, spare.code, spare.codeVerifier)
  const refreshes = await everybody(() => refresh(grant, tokens?.refresh_token ?? ''))
  const successors = new Set(refreshes.flatMap((answer) => answer?.tokens?.refresh_token ?? []))
  demand(successors.size <= 1, `a refresh token has ${successors.size} successors`)
  demand(!refreshes.some((answer) => answer?.error === 'invalid_grant'), 'an honest refresh lost everything')
  tally.refreshes += 1
  tally.putOff += [...exchanges, ...refreshes].filter((answer) => answer === undefined || isPutOff(answer)).length
}

export const doubleRedemption: Fault = {
  id: 'F11',
  name: '50 at once with one code, then with one refresh token, at both replicas, also while one is killed',
  guarantee: 'never more than one winner; one successor; losers are told invalid_grant',
  quick: true,
  strike: async (scene) => {
    const { world, load, quick } = scene
    await load.pause()
    const tally: Tally = { codes: 0, refreshes: 0, putOff: 0 }
    const browser = world.newBrowser()
    const rounds = quick ? 6 : 200
    for (let round = 0; round < rounds; round += 1) {
      const isKill = round % 5 === 2
      const strike = async () => {
        await sleep(5 * (round % 8))
        if (isKill && world.auth[1].isRunning) await world.auth[1].kill9()
      }
      await race(scene, browser, tally, strike).catch(() => undefined)
      if (isKill) await world.auth[1].restart()
    }
    load.resume()
    scene.demand(tally.codes >= rounds / 2, `only ${tally.codes} of ${rounds} races could be run`)
    return [`${tally.codes} codes and ${tally.refreshes} refresh tokens raced for, ${tally.putOff} racers put off`]
  },
}
