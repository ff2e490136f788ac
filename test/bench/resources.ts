/**
 * What many resources cost: authorization request, consent and code exchange of a signed-in person, in processor time of the server, with
 * 1,000 declared resources and 10,000 members of families beside one resource. The machine's load counts little that way.
 */
import { z } from 'zod'
import { connectTo, expectStatus } from './connection.js'
import { people, publicClient, redirectUri } from './fixtures.js'
import { processCpuMs } from './process-usage.js'
import { type BenchResult, median } from './result.js'
import { clientCredentials } from './scenarios.js'
import { authorize, type CookieJar, exchange } from './sign-in-flow.js'
import { startScript } from './targets.js'

export const resourcesName = 'resources'

export type ManyResources = NonNullable<BenchResult['manyResources']>

const declaredCount = 1_000
const memberCount = 10_000
const rounds = 12
const flowsInRound = 15

const ready = z.object({
  origin: z.string(),
  confidential: z.object({ clientId: z.string(), clientSecret: z.string() }),
})

/** Every second number is a family (resources-server.ts). */
function resourceOf(count: number, turn: number): string {
  if (count === 1) return 'https://mcp-0.example.com/mcp'
  const number = turn % count
  return number % 2 === 0 ? `https://mcp-${number}.example.com/mcp` : memberOf(count, turn)
}

function memberOf(count: number, turn: number): string {
  const family = ((turn * 2) % count) + 1
  return `https://server-${turn}.team-${family}.example.com/mcp`
}

async function start(count: number) {
  const server = await startScript('resources-server.ts', [String(count)])
  const { origin, confidential } = ready.parse(server.message)
  const connection = connectTo(origin)
  const jar: CookieJar = new Map()
  const [person] = people
  if (person === undefined) throw new Error('there is nobody to sign in')
  let turn = 0
  const flow = async () => {
    turn += 1
    const client = { clientId: publicClient.client_id, redirectUri, resource: resourceOf(count, turn) }
    await exchange(connection, client, await authorize(connection, client, person, jar))
  }
  return {
    /** Milliseconds of processor time for each flow. */
    measure: async (flows: number): Promise<number> => {
      const before = processCpuMs(server.pid) ?? 0
      for (let index = 0; index < flows; index += 1) await flow()
      return ((processCpuMs(server.pid) ?? 0) - before) / flows
    },
    /** A token of a machine for each of so many resources. */
    touch: async (tokens: number): Promise<void> => {
      for (let index = 0; index < tokens; index += 1) {
        const resource = count === 1 ? resourceOf(1, index) : memberOf(count, index)
        expectStatus(await connection.ask(clientCredentials(confidential, resource)), 200)
      }
    },
    memory: async (): Promise<number> => z.number().parse(await server.ask('memory')) / 2 ** 20,
    stop: async () => {
      await connection.close()
      await server.stop()
    },
  }
}

export async function measureManyResources(say: (line: string) => void): Promise<ManyResources> {
  const [one, many] = [await start(1), await start(declaredCount)]
  say('warming up …')
  for (const each of [one, many]) await each.measure(60)
  say(`${rounds} rounds …`)
  const measured: { readonly one: number; readonly many: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    measured.push({ one: await one.measure(flowsInRound), many: await many.measure(flowsInRound) })
  }
  const ratio = median(measured.map((each) => each.many / each.one))
  say(`ratio ${ratio.toFixed(3)}; ${memberCount} members of families …`)
  await many.touch(memberCount)
  // Tokens that verify themselves are stored nowhere, so these only warm up what all of them need.
  await one.touch(memberCount / 20)
  const addedMiB = (await many.memory()) - (await one.memory())
  await Promise.all([one.stop(), many.stop()])
  return {
    declared: declaredCount,
    members: memberCount,
    oneMs: median(measured.map((each) => each.one)),
    manyMs: median(measured.map((each) => each.many)),
    ratio,
    addedMiB,
  }
}
