/** Strangers who make the servers work: they guess passwords, and name hosts that never answer. */
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { startAuthorization } from '../support/oauth-client.js'
import { askPastProxy } from '../support/past-proxy.js'
import { type Holder, newHolder } from './endings.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { now } from './readiness.js'
import { whileWatched } from './watched.js'

/** Of how many answers there were what number. */
class Tally {
  readonly #counts = new Map<number, number>()
  add(status: number): void {
    this.#counts.set(status, this.of(status) + 1)
  }
  of(status: number): number {
    return this.#counts.get(status) ?? 0
  }
  get all(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }
}

interface SignInForm {
  readonly action: string
  readonly cookie: string
  readonly fields: Readonly<Record<string, string>>
}

/** A sign-in form as a stranger gets it; it may be posted again and again. */
async function openForm({ world, load }: Scene): Promise<SignInForm> {
  const browser = world.newBrowser()
  const page = pageOf(await browser.open(startAuthorization(load.grant.server, load.grant).url))
  const form = page.forms.find(({ fields }) => fields.some(({ name }) => name === 'password'))
  if (form === undefined) throw new Error('a stranger was shown no form to sign in with')
  const fields = Object.fromEntries(form.fields.map(({ name, value }) => [name, value]))
  return { action: form.action, cookie: browser.cookies.header(new URL(form.action)) ?? '', fields }
}

/** In place of the status of a request that was not answered. */
const cut = 0

/** Tries one password at either server, from an address. Resolves to the status. */
async function guess({ world }: Scene, form: SignInForm, email: string, from: string, serial: number): Promise<number> {
  const body = new URLSearchParams({ ...form.fields, email, password: `not the one, number ${serial}` }).toString()
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    cookie: form.cookie,
    origin: world.issuer,
    'sec-fetch-site': 'same-origin',
  }
  const server = world.auth[serial % 2 === 0 ? 0 : 1]
  const asked = askPastProxy(server, new URL(form.action).pathname, { method: 'POST', headers, body, from })
  return asked.then(
    ({ status }) => status,
    () => cut,
  )
}

/** Signs out, and in again: people whose server is busy try again. */
async function canSignInAgain({ browser, grant, account }: Holder): Promise<boolean> {
  await browser.press(pageOf(await browser.open(grant.server.end_session_endpoint ?? '')), 'Sign out')
  const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
  for (let page = pageOf(await browser.open(url)); ; ) {
    if (!isSignInPage(page)) throw new Error(`no page to sign in with, but ${page.heading}`)
    const next = pageOf(await signIn(browser, page, account))
    if (next.status !== 503) return isConsentPage(next)
    page = next
    await sleep(500)
  }
}

/** What login/throttle.ts allows: wrong passwords for one account from everywhere, and from one address. */
const [perAccount, perAddress] = [50, 100]
/** Two hashes at once at each of two servers, 19 MiB each (login/passwords.ts); what waits holds nothing. The rest is for the requests. */
const hashMegabytes = 4 * 19 + 150

export const guessedPasswords: Fault = {
  id: 'F17',
  name: 'wrong passwords, 100 a second, for one account from 60 addresses and for any from a single one',
  guarantee: `${perAccount} are checked for the account, ${perAddress} from the address, no more; its owner gets in; /token and /jwks p99 ≤ 1 s`,
  quick: true,
  strike: async (scene) => {
    const { world, quick, demand } = scene
    const account = world.accounts.grace
    const owner = await newHolder(world, account)
    const [form, other] = [await openForm(scene), await openForm(scene)]
    const [ofAccount, ofAddress] = [new Tally(), new Tally()]
    const tries = quick ? 120 : 600
    const { words } = await whileWatched(scene, { floorMs: 1_000, megabytes: hashMegabytes }, async () => {
      const underWay: Promise<void>[] = []
      for (let serial = 0; serial < tries; serial += 1) {
        const from = `127.0.9.${1 + (serial % 60)}`
        underWay.push(
          guess(scene, form, account.email, from, serial).then((status) => ofAccount.add(status)),
          guess(scene, other, `nobody-${serial}@example.com`, '127.0.8.1', serial).then((status) =>
            ofAddress.add(status),
          ),
        )
        await sleep(20)
      }
      await Promise.all(underWay)
      // The browser that signed in before is counted apart: guessing keeps nobody out.
      demand(await canSignInAgain(owner), 'the owner of the account was kept out')
    })
    demand(ofAccount.of(401) <= perAccount, `${ofAccount.of(401)} passwords were checked for one account`)
    demand(ofAddress.of(401) <= perAddress, `${ofAddress.of(401)} passwords of one address were checked`)
    demand(ofAccount.of(401) > 0 && ofAddress.of(401) > 0, 'no password was checked at all')
    const limited = ofAccount.of(429) + ofAddress.of(429)
    const [busy, all] = [ofAccount.of(503) + ofAddress.of(503), ofAccount.all + ofAddress.all]
    const checked = ofAccount.of(401) + ofAddress.of(401)
    // 408: on a machine that stood still for seconds.
    const dropped = [cut, 408].reduce((sum, status) => sum + ofAccount.of(status) + ofAddress.of(status), 0)
    demand(checked + limited + busy + dropped === all, 'a guess was answered otherwise')
    const others = `${busy} told to come again, ${dropped} dropped`
    return [`${all} guesses: ${checked} checked, ${limited} refused by a limit, ${others}`, words]
  },
}

/** Hosts that take a connection and then say nothing, each at a port of its own on loopback. */
async function startSilentHosts(count: number) {
  let connections = 0
  const start = async () => {
    const server = createServer((socket) => {
      connections += 1
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a host has no port')
    return { server, port: address.port }
  }
  const hosts = await Promise.all(Array.from({ length: count }, start))
  return {
    ports: hosts.map(({ port }) => port),
    connections: () => connections,
    close: () => {
      for (const { server } of hosts) server.close()
    },
  }
}

/** The engine looks a client up twice, and each look may take the three seconds after which all failures look alike; a loaded machine adds. */
const answeredSeconds = 8

export const silentHosts: Fault = {
  id: 'F18',
  name: '200 requests of clients that are URLs at 40 hosts, which take the connection and never answer',
  guarantee: `each is answered ≤ ${answeredSeconds} s, with one error; honest p99 at most doubled, or ≤ 500 ms`,
  // Its hosts are on loopback, so that no address outside this machine is ever dialled.
  world: () => ({ env: { dangerouslyAllowLoopbackClientMetadata: 'true' } }),
  strike: async (scene) => {
    const { world, demand } = scene
    const hosts = await startSilentHosts(40)
    const statuses = new Tally()
    const took: number[] = []
    const ask = async (index: number) => {
      const port = hosts.ports[index % hosts.ports.length]
      const query = new URLSearchParams({
        client_id: `https://localhost:${port}/client-${index}.json`,
        redirect_uri: 'http://127.0.0.1:41573/callback',
        response_type: 'code',
        scope: 'notes:read',
        code_challenge: 'a'.repeat(43),
        code_challenge_method: 'S256',
      })
      const startedAt = now()
      const server = world.auth[index % 2 === 0 ? 0 : 1]
      const asked = askPastProxy(server, `/authorize?${query}`, { from: `127.0.7.${1 + index}` })
      await asked.then(
        ({ status }) => statuses.add(status),
        () => statuses.add(cut),
      )
      took.push((now() - startedAt) / 1_000)
    }
    try {
      const { words } = await whileWatched(scene, { floorMs: 500, megabytes: 200 }, async () => {
        const asked: Promise<void>[] = []
        for (let index = 0; index < 200; index += 1) {
          asked.push(ask(index))
          await sleep(40)
        }
        await Promise.all(asked)
      })
      const longest = Math.max(...took)
      demand(hosts.connections() > 0, 'no host was asked')
      demand(longest <= answeredSeconds, `an answer took ${seconds(longest)}`)
      demand(statuses.of(400) === 200, `only ${statuses.of(400)} of 200 were told that the client is unknown`)
      return [`${hosts.connections()} connections to the hosts, the longest answer after ${seconds(longest)}`, words]
    } finally {
      hosts.close()
    }
  },
}
