/**
 * What holds for whatever is sent to any endpoint: it is answered, soon, and not as a failure of ours; the process keeps its
 * memory and leaves no promise unhandled. Requests are made up from a seed; SECURITY_SEED=number tries others.
 */
import { Agent, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cookieSuffix } from '../../src/oauth/cookie-names.js'
import { residentMiB } from '../bench/process-usage.js'
import { isSignInPage } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { preferredDatabase } from '../support/databases.js'
import { callTool } from '../support/mcp-request.js'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'
import { failuresIn } from './attack.js'
import { type Endpoint, findEndpoints } from './endpoints.js'
import { createRandom, type MadeUpRequest, madeUp } from './random-requests.js'

const seed = Number(process.env['SECURITY_SEED'] ?? 20_261_121)
const requestsEach = 100
const atOnce = 6
const answerWithinMs = 10_000
/** The heap that the servers have to do with, and what they may hold in memory beside it. */
const heapMiB = 160
const growthMiB = 160

let stack: StackProcess
let endpoints: readonly Endpoint[]
let secrets: readonly string[]
let accessToken: string
let residentAtStart: number | undefined
const agent = new Agent({ keepAlive: true, maxSockets: atOnce })

beforeAll(async () => {
  const env = { NODE_OPTIONS: `--max-old-space-size=${heapMiB}` }
  stack = await startStackProcess({ database: preferredDatabase(), env })
  ;({ endpoints, secrets, accessToken } = await findEndpoints(stack))
  residentAtStart = residentMiB(stack.pid)
})
afterAll(async () => {
  agent.destroy()
  await stack.stop()
})

/** The status of the answer, once it is whole. A stream of events has no end: its beginning is enough. */
function send(origin: string, { method, target, headers, body }: MadeUpRequest): Promise<number> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    // The names of our cookies depend on the issuer, which was not known when the request was made up.
    const cookie = headers['cookie']?.replace(/gatehouse_(?:session|known_browser)/g, `$&${cookieSuffix(stack.issuer)}`)
    const all = { ...headers, ...(cookie === undefined ? {} : { cookie }), 'content-length': String(body.length) }
    const outgoing = request({ hostname, port, method, path: target, headers: all, agent }, (answer) => {
      const status = answer.statusCode ?? 0
      const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true
      if (isStream && method === 'GET') {
        resolve(status)
        outgoing.destroy()
        return
      }
      answer.once('end', () => resolve(status))
      answer.once('error', reject)
      answer.resume()
    })
    outgoing.setTimeout(answerWithinMs, () => outgoing.destroy(new Error(`no answer within ${answerWithinMs} ms`)))
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** What went wrong, with everything that is needed to send it again; `undefined` when nothing did. */
async function complaint(endpoint: Endpoint, made: MadeUpRequest): Promise<string | undefined> {
  const status = await send(endpoint.origin, made).catch((error: unknown) => String(error))
  // An answer that came before the whole request was read ends its connection: that is one, too.
  const isCut = typeof status === 'string' && /ECONNRESET|EPIPE|socket hang up/.test(status)
  if (isCut || (typeof status === 'number' && (status < 500 || status === 503))) return undefined
  const { body, ...head } = made
  return `seed ${seed}: ${status} for ${JSON.stringify(head)} with the body (Base64) ${body.toString('base64')}`
}

async function complaintsAbout(endpoint: Endpoint, index: number): Promise<readonly string[]> {
  const random = createRandom(seed + index * 7_919)
  const requests = Array.from({ length: requestsEach }, () => madeUp(random, endpoint))
  const found: string[] = []
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let made = requests.pop(); made !== undefined; made = requests.pop()) {
        const complained = await complaint(endpoint, made)
        if (complained !== undefined) found.push(`${endpoint.name}: ${complained}`)
      }
    }),
  )
  return found
}

describe('Whatever is sent', () => {
  // One test: the endpoints are known only once the servers run, and share what they cost.
  it(`${requestsEach} requests to each endpoint are answered, none as a failure of ours`, async () => {
    expect(endpoints.length).toBeGreaterThan(30)
    const complaints: string[] = []
    for (const [index, endpoint] of endpoints.entries()) complaints.push(...(await complaintsAbout(endpoint, index)))
    expect(complaints).toEqual([])
  }, 600_000)

  it('the servers are as ready as before', async () => {
    for (const url of [stack.issuer, stack.resource]) {
      expect((await fetch(`${new URL(url).origin}/health/ready`)).status).toBe(200)
    }
    // Not a whole sign-in: whoever tried so many passwords from here has to wait.
    const grant = await newGrant(stack)
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    expect(isSignInPage(pageOf(await stack.newBrowser().open(url)))).toBe(true)
    expect((await callTool(stack.resource, accessToken, 'list_notes')).status).toBe(200)
  })

  it('memory stays what it was', () => {
    const resident = residentMiB(stack.pid)
    // Where the system does not tell, the bound of the heap stands: who passes it does not live to be ready.
    if (resident !== undefined && residentAtStart !== undefined)
      expect(resident - residentAtStart).toBeLessThan(growthMiB)
  })

  it('the log holds no failure of ours, nothing unhandled and no secret', () => {
    const lines = stack
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    expect(lines.length).toBeGreaterThan(requestsEach * 30)
    expect(failuresIn(lines)).toEqual([])
    expect(stack.output()).not.toMatch(/unhandled rejection|uncaught exception|UnhandledPromise|MaxListenersExceeded/)
    expect(secrets.filter((secret) => stack.output().includes(secret))).toEqual([])
  })
})
