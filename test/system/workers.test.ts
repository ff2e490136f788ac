/** Several workers of one machine, on PostgreSQL: to clients and operators they are one server. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pageOf } from '../support/browser.js'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { startFreshLoad } from '../support/fresh-load.js'
import { callTool } from '../support/mcp-request.js'
import { authorize, type Grant, newGrant, obtainTokens, redeem } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'

interface Line {
  readonly msg: string
  readonly worker?: number
  readonly workerPid?: number
  readonly path?: string
}

/** Every line of the log; throws if one is no JSON, because two were mixed. */
function linesOf(stack: StackProcess): readonly Line[] {
  const whole = stack.output().slice(0, stack.output().lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

const said = (stack: StackProcess, msg: string) => linesOf(stack).filter((line) => line.msg === msg)

/** By number of the worker: the process that it is now. */
function pidsOf(stack: StackProcess): ReadonlyMap<number, number> {
  return new Map(said(stack, 'worker started').map(({ worker = 0, workerPid = 0 }) => [worker, workerPid]))
}

const statusOf = async (url: string) => (await fetch(url)).status

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describeOnPostgres('WORKERS=2', () => {
  let stack: StackProcess
  let grant: Grant
  let metricsPort: number

  const file = join(temporaryFolder('workers'), 'gatehouse.yaml')

  beforeAll(async () => {
    metricsPort = await freePort()
    writeFileSync(file, 'clients: []\n')
    const env = {
      WORKERS: '2',
      METRICS_PORT: String(metricsPort),
      DATABASE_URL: await createDatabase('auth'),
      NOTES_DATABASE_URL: await createDatabase('notes'),
      REGISTRATION: 'limited',
      REGISTRATION_LIMIT_PER_ADDRESS: '20',
      STOP_DELAY_SECONDS: '1',
      GATEHOUSE_FILE: file,
    }
    stack = await startStackProcess({ database: 'postgresql', env })
    grant = await newGrant(stack)
  }, 300_000)
  afterAll(() => stack.kill9())

  const jwks = () => `${stack.issuer}/jwks`

  /** The sum of a metric over its labels, of those series that hold `label`. */
  async function scraped(name: string, label = ''): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    const series = text.split('\n').filter((line) => line.startsWith(name) && line.includes(label))
    return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  it('is checked, migrated, given its first account and announced once', async () => {
    await eventually(() => stack.output().includes('Gatehouse is ready.'))
    expect(said(stack, 'migrations applied')).toHaveLength(2)
    expect(said(stack, 'bootstrap account')).toHaveLength(1)
    expect(stack.output().match(/Gatehouse is ready\./g)).toHaveLength(1)
    expect([...pidsOf(stack).keys()].sort()).toEqual([1, 2])
    expect(new Set([stack.pid, ...pidsOf(stack).values()]).size).toBe(3)
  })

  it('is served by both, for clients that each see one server', async () => {
    const load = startFreshLoad(jwks(), 4)
    await eventually(() => load.outcomes.length >= 100)
    await load.end()
    expect(load.outcomes.filter((outcome) => outcome !== 200)).toEqual([])
    await eventually(() => said(stack, 'request').filter(({ path }) => path === '/jwks').length >= load.outcomes.length)
    const byWorker = (number: number) =>
      linesOf(stack).filter(({ path, worker }) => path === '/jwks' && worker === number)
    for (const number of [1, 2]) expect(byWorker(number).length).toBeGreaterThan(load.outcomes.length / 4)
    const { access_token: token } = await obtainTokens(grant, stack.newBrowser(), { account: stack.account })
    const calls = Array.from({ length: 20 }, () => callTool(grant.resource, token, 'whoami'))
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(20).fill(200))
  })

  it('counts an exact limit over both', async () => {
    const register = async () => {
      const response = await fetch(grant.server.registration_endpoint ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: [grant.redirectUri], token_endpoint_auth_method: 'none' }),
      })
      return response.status
    }
    const statuses = await Promise.all(Array.from({ length: 60 }, register))
    // One was registered for the grant.
    expect(statuses.filter((status) => status === 201)).toHaveLength(19)
    expect(statuses.filter((status) => status === 429)).toHaveLength(41)
  })

  it('redeems a code once, whichever worker is asked', async () => {
    const { callback, codeVerifier } = await authorize(grant, stack.newBrowser(), { account: stack.account })
    const code = callback.get('code') ?? ''
    const answers = await Promise.all(Array.from({ length: 40 }, () => redeem(grant, code, codeVerifier)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('tells one scrape what both did, and no counter ever goes down, not when a worker is killed either', async () => {
    const requests = () => scraped('http_server_request_duration_seconds_count', 'route="/jwks"')
    const before = await requests()
    const first = startFreshLoad(jwks(), 4)
    await eventually(() => first.outcomes.length >= 100)
    await first.end()
    expect(await requests()).toBe(before + first.outcomes.length)
    expect(await scraped('gatehouse_build_info')).toBe(1)
    expect(await scraped('gatehouse_workers ')).toBe(2)

    let last = await requests()
    process.kill(pidsOf(stack).get(2) ?? 0, 'SIGKILL')
    for (let scrape = 0; scrape < 50; scrape += 1) {
      const now = await requests()
      expect(now).toBeGreaterThanOrEqual(last)
      last = now
    }
    await eventually(async () => (await statusOf(`${stack.issuer}/health/ready`)) === 200)
    expect(await requests()).toBeGreaterThanOrEqual(last)
    expect(await scraped('gatehouse_workers_replaced_total')).toBe(1)
  })

  it('replaces a worker that is killed under load, which loses its own requests and no other', async () => {
    const clients = 16
    const ended = () => said(stack, 'a worker ended, starting another').length
    const before = ended()
    for (const number of [1, 2]) {
      const killed = pidsOf(stack).get(number) ?? 0
      const load = startFreshLoad(jwks(), clients)
      await eventually(() => load.outcomes.length >= 200)
      process.kill(killed, 'SIGKILL')
      await eventually(() => pidsOf(stack).get(number) !== killed)
      const served = load.outcomes.length
      await eventually(() => load.outcomes.length >= served + 200)
      await load.end()
      const lost = load.outcomes.filter((outcome) => outcome !== 200)
      expect(new Set(lost)).toEqual(new Set(lost.length === 0 ? [] : ['ECONNRESET']))
      // Each client had one request under way.
      expect(lost.length).toBeLessThan(clients)
    }
    expect(await statusOf(`${stack.issuer}/health/ready`)).toBe(200)
    expect(ended()).toBe(before + 2)
    // What is done once is not done again.
    expect(said(stack, 'migrations applied')).toHaveLength(2)
    expect(stack.output().match(/Gatehouse is ready\./g)).toHaveLength(1)
  })

  it('is ready only while all its workers are', async () => {
    const [one, two] = [pidsOf(stack).get(1) ?? 0, pidsOf(stack).get(2) ?? 0]
    const ready = [`${stack.issuer}/health/ready`, `${new URL(stack.resource).origin}/health/ready`]
    process.kill(one, 'SIGSTOP')
    try {
      const answers = ready
        .flatMap((url) => Array.from({ length: 4 }, () => url))
        .map(async (url) => {
          const signal = AbortSignal.timeout(8_000)
          return (await fetch(url, { signal, headers: { connection: 'close' } }).catch(() => undefined))?.status
        })
      // The stopped worker answers nothing; the other one says what it is told.
      const told = (await Promise.all(answers)).filter((status) => status !== undefined)
      expect(told.length).toBeGreaterThan(0)
      expect(new Set(told)).toEqual(new Set([503]))
    } finally {
      process.kill(one, 'SIGCONT')
    }
    await eventually(async () => (await Promise.all(ready.map(statusOf))).every((status) => status === 200))
    expect([isRunning(one), isRunning(two)]).toEqual([true, true])
  })

  it('applies the declaration file when it changes and at SIGHUP, in one of them', async () => {
    const applied = () => said(stack, 'the declaration file was applied').length
    expect(applied()).toBe(1)
    writeFileSync(
      file,
      'clients: [{ client_id: desk, client_name: Desk, redirect_uris: ["http://127.0.0.1/callback"] }]\n',
    )
    await eventually(() => applied() === 2)
    process.kill(stack.pid, 'SIGHUP')
    await eventually(() => applied() === 3)
    expect(await statusOf(`${stack.issuer}/health/live`)).toBe(200)
  })

  it('loses no request and no line at SIGTERM under load, and ends with status 0', async () => {
    const workers = [...pidsOf(stack).values()]
    const before = said(stack, 'request').filter(({ path }) => path === '/jwks').length
    const load = startFreshLoad(jwks(), 16)
    await eventually(() => load.outcomes.length >= 200)
    // A proxy stops sending when it hears of it.
    const told = eventually(async () => (await statusOf(`${stack.issuer}/health/ready`)) === 503).then(load.end)
    const exit = stack.stop()
    await told
    expect(await exit).toBe(0)
    expect(load.outcomes.filter((outcome) => outcome !== 200)).toEqual([])
    const lines = said(stack, 'request').filter(({ path }) => path === '/jwks')
    expect(lines).toHaveLength(before + load.outcomes.length)
    expect(workers.filter(isRunning)).toEqual([])
  })
})

describeOnPostgres('WORKERS=2 of one server', () => {
  it('prints the set-up link once, and it works at any worker', async () => {
    const env = { WORKERS: '2', BOOTSTRAP_EMAIL: '', BOOTSTRAP_PASSWORD: '' }
    const stack = await startStackProcess({ database: 'postgresql', only: 'auth', env })
    await eventually(() => stack.output().includes('/setup?token='))
    const links = stack.output().match(/http:\/\/\S+\/setup\?token=[\w-]+/g) ?? []
    expect(links).toHaveLength(1)
    const browser = stack.newBrowser()
    for (let times = 0; times < 4; times += 1) expect(pageOf(await browser.open(links[0] ?? '')).status).toBe(200)
    expect(await stack.stop()).toBe(0)
  })

  it('ends at once with the status of a second signal, and leaves no worker behind', async () => {
    const env = { WORKERS: '2', STOP_DELAY_SECONDS: '30' }
    const stack = await startStackProcess({ database: 'postgresql', only: 'auth', env })
    const workers = [...pidsOf(stack).values()]
    expect(workers).toHaveLength(2)
    const ended = stack.stop()
    await eventually(async () => (await statusOf(`${stack.issuer}/health/ready`)) === 503)
    process.kill(stack.pid, 'SIGTERM')
    expect(await ended).toBe(143)
    await eventually(() => !workers.some(isRunning))
  })

  it('leaves no worker behind when the primary is killed', async () => {
    const stack = await startStackProcess({ database: 'postgresql', only: 'mcp', env: { WORKERS: '2' } })
    const workers = [...pidsOf(stack).values()]
    await stack.kill9()
    await eventually(() => !workers.some(isRunning))
  })

  it('ends with status 1 and says why once if the workers cannot start', async () => {
    const first = await startStackProcess({ database: 'postgresql', only: 'auth' })
    const ENCRYPTION_KEY = Buffer.alloc(32, 9).toString('base64url')
    const env = { ...first.settings, ENCRYPTION_KEY, AUTH_PORT: String(await freePort()), WORKERS: '2' }
    const failing = startStackProcess({ database: 'postgresql', only: 'auth', env })
    const output = await failing.then(
      () => '',
      (error: Error) => error.message,
    )
    expect(output.match(/^gatehouse: .*$/gm)).toEqual([expect.stringMatching(/encryption key/i)])
    await first.stop()
  })
})

describe('WORKERS on the embedded database', () => {
  it('is refused above 1, in a sentence that says what to do', async () => {
    const stack = startStackProcess({ database: 'embedded', env: { WORKERS: '2' } })
    await expect(stack).rejects.toThrow(
      'WORKERS=2 needs PostgreSQL, because the embedded database is open in one process: set DATABASE_URL and NOTES_DATABASE_URL, or WORKERS=1',
    )
  })

  it('is one process with auto, which is said once', async () => {
    const stack = await startStackProcess({ database: 'embedded', env: { WORKERS: 'auto' } })
    expect(said(stack, 'WORKERS=auto is 1: the embedded database is open in one process')).toHaveLength(1)
    expect(said(stack, 'worker started')).toEqual([])
    await stack.stop()
  })
})
