/**
 * What a token costs that the guard has not seen before: ours beside the MCP SDK's `requireBearerAuth` with jose, in one Express
 * process, in turns, each request with a token of its own. Counted is CPU time of the process, which a busy machine changes less
 * than rates, over and above that of the same server without a guard.
 */
import { z } from 'zod'
import { startTokenIssuer } from '../../support/token-issuer.js'
import { connectTo, expectStatus } from '../connection.js'
import { runLoad } from '../load.js'
import { type FirstSight, spreadOver } from '../result.js'
import { startScript } from '../targets.js'
import type { GuardName } from './guards.js'

export const firstSightName = 'first-sight'

const resource = 'http://localhost:4000/mcp'
const guards = ['none', 'jwt', 'sdk'] as const satisfies readonly GuardName[]
const method = { rounds: 61, requests: 300, connections: 8 }
const warmUpRequests = 4_000

const usage = z.object({ cpuMs: z.number() })

/** CPU per request of each guard in each round, in milliseconds. */
async function cpuByRound(): Promise<Record<(typeof guards)[number], number>[]> {
  const issuer = await startTokenIssuer(resource)
  const script = await startScript('library/server.ts', ['express', issuer.issuer, resource, guards.join(',')])
  const { origins } = z.object({ origins: z.record(z.string(), z.string()) }).parse(script.message)
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  const connections = new Map(
    guards.map((guard) => [guard, Array.from({ length: method.connections }, () => connectTo(origins[guard] ?? ''))]),
  )
  const load = async (guard: (typeof guards)[number], tokens: readonly string[]): Promise<number> => {
    let next = 0
    const workers = (connections.get(guard) ?? []).map((connection) => async () => {
      const token = tokens[next]
      next += 1
      if (token === undefined) return false
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
      expectStatus(await connection.ask({ method: 'POST', path: '/mcp', headers, body }), 200)
      return true
    })
    const before = usage.parse(await script.ask('usage')).cpuMs
    await runLoad(workers, { seconds: 120 })
    return (usage.parse(await script.ask('usage')).cpuMs - before) / tokens.length
  }
  const round = async (requests: number) => {
    const tokens: string[] = []
    while (tokens.length < requests) tokens.push(await issuer.sign())
    return { none: await load('none', tokens), jwt: await load('jwt', tokens), sdk: await load('sdk', tokens) }
  }
  await round(warmUpRequests)
  const rounds: Awaited<ReturnType<typeof round>>[] = []
  while (rounds.length < method.rounds) rounds.push(await round(method.requests))
  await Promise.all([...connections.values()].flat().map((connection) => connection.close()))
  await script.stop()
  await issuer.close()
  return rounds
}

export async function measureFirstSight(): Promise<FirstSight> {
  const rounds = await cpuByRound()
  return {
    method,
    guardCpuMs: spreadOver(rounds.map(({ jwt, none }) => jwt - none)),
    sdkCpuMs: spreadOver(rounds.map(({ sdk, none }) => sdk - none)),
    ratio: spreadOver(rounds.map(({ jwt, sdk, none }) => (jwt - none) / (sdk - none))),
    requestRatio: spreadOver(rounds.map(({ jwt, sdk }) => jwt / sdk)),
  }
}
