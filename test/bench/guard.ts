/** What the guard costs: the same tool call to the same process with a verified token and past a guard that accepts. */
import { z } from 'zod'
import { createPasswordHasher } from '../../src/authorization-server/login/passwords.js'
import { systemClock } from '../../src/base/clock.js'
import { createRemoteKeySet } from '../../src/resource-server/key-set.js'
import { cacheVerifiedTokens } from '../../src/resource-server/token-cache.js'
import { createJwtVerifier } from '../../src/resource-server/verifier.js'
import { connectTo, expectStatus, type Question } from './connection.js'
import { compare } from './measure.js'
import { type BenchResult, ratioOf } from './result.js'
import { exchange } from './sign-in-flow.js'
import type { Target } from './target.js'
import { startScript } from './targets.js'
import { recordedToolCall } from './tool-call.js'

export async function accessTokenFrom({ main, client, codes }: Target): Promise<string> {
  const connection = connectTo(main.origin)
  const { accessToken } = await exchange(connection, client, codes.pop() ?? '')
  await connection.close()
  return accessToken
}

/** A token that means nothing, but is as long as a real one: the request costs the same to send and to parse. */
function meaninglessToken(like: string): string {
  return 'unguarded'.padEnd(like.length, '-')
}

export async function measureGuard(target: Target): Promise<BenchResult['guard']> {
  const { mcpUrl = '' } = target
  const accessToken = await accessTokenFrom(target)
  const unguardedToken = meaninglessToken(accessToken)
  const server = await startScript('guard-server.ts', [target.main.origin, mcpUrl, unguardedToken])
  const { origin } = z.object({ origin: z.string() }).parse(server.message)
  const call = await recordedToolCall(mcpUrl, accessToken)
  const connections = Array.from({ length: 16 }, () => connectTo(origin))
  const candidate = (token: string) => {
    // The process answers for the public address only.
    const headers = { ...call.headers, host: new URL(mcpUrl).host, authorization: `Bearer ${token}` }
    const question: Question = { ...call, headers }
    return {
      workers: connections.map((connection) => async () => {
        expectStatus(await connection.ask(question), 200)
        return true
      }),
      pid: server.pid,
      databaseCpuMs: () => undefined,
      statements: async () => undefined,
    }
  }
  const pair = new Map([
    ['guarded', candidate(accessToken)],
    ['unguarded', candidate(unguardedToken)],
  ] as const)
  // Many short turns: what is asked for is a small difference, and the machine's mood changes by the second.
  const measured = await compare(pair, { seconds: 0.4, warmUpSeconds: 1.5, runs: 15 })
  for (const connection of connections) await connection.close()
  await server.stop()
  const [guarded, unguarded] = [measured.get('guarded'), measured.get('unguarded')]
  if (guarded === undefined || unguarded === undefined) throw new Error('the guard was not measured')
  return { guarded, unguarded, ratio: ratioOf(guarded, unguarded) }
}

async function perSecond(work: () => Promise<unknown>, seconds: number): Promise<number> {
  const startedAt = performance.now()
  let done = 0
  for (; performance.now() - startedAt < seconds * 1000; done += 1) await work()
  return done / ((performance.now() - startedAt) / 1000)
}

/** Verifications of one access token in this process, one after the other: with a signature check each, and from the cache. */
export async function measureVerification(target: Target): Promise<BenchResult['verification']> {
  const token = await accessTokenFrom(target)
  const issuer = target.main.origin
  const keys = createRemoteKeySet({
    jwksUri: async () => `${issuer}/jwks`,
    fetch: (url, init) => fetch(url, init),
    clock: systemClock,
  })
  const verify = createJwtVerifier({ issuer, audience: target.client.resource, keys, clock: systemClock })
  const cached = cacheVerifiedTokens(verify, { clock: systemClock })
  await perSecond(() => verify(token), 0.3)
  return {
    uncachedPerSecond: await perSecond(() => verify(token), 1),
    cachedPerSecond: await perSecond(() => cached(token), 1),
  }
}

/** CPU time of one password check. */
export async function measurePasswordCheck(): Promise<number> {
  const hasher = await createPasswordHasher()
  const stored = await hasher.hash('correct horse battery staple')
  const before = process.cpuUsage()
  for (let checks = 0; checks < 20; checks += 1) await hasher.verify(stored, 'correct horse battery staple')
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / 20
}
