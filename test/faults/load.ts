/**
 * Honest clients and people, all the time: they register, authorize, exchange, refresh, revoke and call tools, write down what was
 * acknowledged, and ask again after a 503 or a cut connection. What an honest client may never be told is a breach.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { z } from 'zod'
import type { Browser } from '../support/browser.js'
import { callTool } from '../support/mcp-request.js'
import {
  authorize,
  type Grant,
  newGrant,
  redeem,
  refresh,
  revoke,
  type TokenAnswer,
  type Tokens,
} from '../support/oauth-client.js'
import { type Fact, type PersonName, writeFact } from './facts.js'
import type { World } from './world.js'

export interface Load {
  /** Acknowledged so far, by kind of fact. */
  readonly counts: Readonly<Record<Fact['kind'], number>>
  /** Times somebody was told to come again, or was cut off. */
  readonly putOff: number
  /** Codes whose exchange was cut off and whose repetition was refused: their people authorize again. */
  readonly codesLost: number
  /** Nobody asks anything until `resume`. Resolves when what was under way is over. */
  pause(): Promise<void>
  resume(): void
  /** Lets what is under way end. */
  stop(): Promise<void>
}

/** Below what the notes service keeps for one person: a soak goes on for hours. */
const mostNotes = 9_000

export interface LoadOptions {
  readonly world: World
  /** Where facts are written. */
  readonly facts: string
  /** Called with what may never happen. */
  readonly breach: (what: string) => void
}

const people: readonly PersonName[] = ['ada', 'grace']
const familiesPerPerson = 2
const scope = 'notes:read notes:write'

const registrationSchema = z.looseObject({ registration_client_uri: z.string(), registration_access_token: z.string() })

/** Everything that came of one consent. */
interface Family {
  readonly name: string
  readonly tokens: Tokens
}

/** An answer that says nothing about the request itself: the client asks again. */
export const isPutOff = ({ status }: { readonly status: number }): boolean => status === 503 || status === 429

class Clients {
  readonly #options: LoadOptions
  readonly #grant: Grant
  readonly #subjects = new Map<PersonName, string>()
  readonly #browsers = new Map<PersonName, Browser>()
  readonly counts: Record<Fact['kind'], number> = { client: 0, code: 0, redeemed: 0, tokens: 0, revoked: 0, note: 0 }
  putOff = 0
  codesLost = 0
  stopped = false
  #paused = false
  #busy = 0
  #serial = 0

  constructor(options: LoadOptions, grant: Grant) {
    this.#options = options
    this.#grant = grant
  }

  #wrote(fact: Fact): void {
    writeFact(this.#options.facts, fact)
    this.counts[fact.kind] += 1
  }

  /** I5: the answer is this person's and this client's. */
  #isOf(person: PersonName, { access_token: token }: Tokens): void {
    const { sub = '', client_id: clientId } = decodeJwt(token)
    const known = this.#subjects.get(person)
    if (known === undefined) this.#subjects.set(person, sub)
    else if (known !== sub) this.#options.breach(`a token of ${person} was issued for somebody else`)
    if (clientId !== this.#grant.clientId) this.#options.breach('a token was issued for another client')
  }

  /** Asks until the answer is about the request. `undefined`: it was stopped before. */
  async #insist(ask: () => Promise<TokenAnswer>): Promise<(TokenAnswer & { readonly wasCut: boolean }) | undefined> {
    let wasCut = false
    for (let tries = 0; !this.stopped || tries === 0; tries += 1) {
      if (tries > 0) await this.#holdStill()
      try {
        const answer = await ask()
        if (!isPutOff(answer)) return { ...answer, wasCut }
        wasCut = true
        this.putOff += 1
        await sleep(150)
      } catch {
        wasCut = true
        this.putOff += 1
        await sleep(50)
      }
    }
    return undefined
  }

  async #browserOf(person: PersonName): Promise<Browser> {
    const browser = this.#browsers.get(person) ?? this.#options.world.newBrowser()
    this.#browsers.set(person, browser)
    return browser
  }

  /** From nothing to a code. People start over when a page was not to be had, or their sign-in in progress is gone. */
  async #code(person: PersonName): Promise<{ code: string; codeVerifier: string } | undefined> {
    try {
      const account = this.#options.world.accounts[person]
      const { callback, codeVerifier } = await authorize(this.#grant, await this.#browserOf(person), { account }, scope)
      const code = callback.get('code')
      if (code !== null) return { code, codeVerifier }
      this.putOff += 1
    } catch {
      this.putOff += 1
      this.#browsers.delete(person)
    }
    await sleep(100)
    return undefined
  }

  /** Exchanges a code, however often it takes. */
  async #exchange(
    person: PersonName,
    { code, codeVerifier }: { readonly code: string; readonly codeVerifier: string },
  ): Promise<Tokens | undefined> {
    const answer = await this.#insist(() => redeem(this.#grant, code, codeVerifier))
    if (answer === undefined) return undefined
    if (answer.tokens !== undefined) this.#isOf(person, answer.tokens)
    else if (answer.wasCut && answer.error === 'invalid_grant') this.codesLost += 1
    else this.#options.breach(`a code of ${person} was refused: ${answer.error}`)
    return answer.tokens
  }

  async #newFamily(person: PersonName): Promise<Family | undefined> {
    const issued = await this.#code(person)
    const tokens = issued && (await this.#exchange(person, issued))
    if (tokens === undefined) return undefined
    this.#serial += 1
    const name = `${person}-${this.#serial}`
    this.#wroteTokens(person, name, tokens)
    return { name, tokens }
  }

  #wroteTokens(person: PersonName, family: string, { access_token, refresh_token = '' }: Tokens): void {
    this.#wrote({ kind: 'tokens', person, family, accessToken: access_token, refreshToken: refresh_token })
  }

  /** One family for as long as the load lasts: refreshes, and calls a tool with what it got. */
  async live(person: PersonName): Promise<void> {
    let family: Family | undefined
    while (!this.stopped) {
      const current: Family | undefined = family
      family = await this.step(() =>
        current === undefined ? this.#newFamily(person) : this.#refreshed(person, current),
      )
      const token = family?.tokens.access_token
      if (token !== undefined) await this.step(() => this.#call(person, token))
    }
  }

  async #refreshed(person: PersonName, family: Family): Promise<Family> {
    const answer = await this.#insist(() => refresh(this.#grant, family.tokens.refresh_token ?? ''))
    if (answer === undefined) return family
    if (answer.tokens === undefined) {
      this.#options.breach(`an honest refresh of ${person} was refused: ${answer.error}`)
      this.stopped = true
      return family
    }
    this.#isOf(person, answer.tokens)
    this.#wroteTokens(person, family.name, answer.tokens)
    return { ...family, tokens: answer.tokens }
  }

  /** Writes a note, while people may keep more. */
  async #call(person: PersonName, token: string): Promise<void> {
    this.#serial += 1
    const title = `${person}'s note ${this.#serial}`
    const isKept = this.counts.note < mostNotes
    try {
      const { resource } = this.#options.world
      const answer = isKept
        ? await callTool(resource, token, 'create_note', { title, body: 'x' })
        : await callTool(resource, token, 'whoami')
      const result = answer.reply?.result
      // A tool whose database is away says so to the model, which can act on it: that is no fault of the protocol.
      const isForLater = result?.isError === true && /try again/i.test(JSON.stringify(result.content))
      if (isPutOff(answer) || isForLater) this.putOff += 1
      else if (answer.status !== 200 || result?.isError === true)
        this.#options.breach(
          `a tool call with a good token was answered ${answer.status}: ${JSON.stringify(answer.reply)}`,
        )
      else if (isKept) this.#wrote({ kind: 'note', person, title })
    } catch {
      this.putOff += 1
    }
  }

  async register(): Promise<void> {
    const { registration_endpoint: url = '' } = this.#grant.server
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: [this.#grant.redirectUri], token_endpoint_auth_method: 'none' }),
      })
      const body: unknown = await response.json()
      if (response.status === 201) {
        const { registration_client_uri: url, registration_access_token: token } = registrationSchema.parse(body)
        this.#wrote({ kind: 'client', url, token })
      } else if (isPutOff(response)) this.putOff += 1
      else this.#options.breach(`an honest registration was answered ${response.status}`)
    } catch {
      this.putOff += 1
    }
    await sleep(40)
  }

  /** People come and go: a code that is kept, a family whose code will be tried again, a family that is revoked. */
  async comeAndGo(): Promise<void> {
    this.#serial += 1
    const person = people[this.#serial % people.length] ?? 'ada'
    const kind = this.#serial % 3
    const issued = await this.#code(person)
    if (issued === undefined) return
    if (kind === 0) return this.#wrote({ kind: 'code', person, ...issued })
    const tokens = await this.#exchange(person, issued)
    if (tokens === undefined) return
    if (kind === 1) return this.#wrote({ kind: 'redeemed', person, ...issued })
    const { access_token: accessToken, refresh_token: refreshToken = '' } = tokens
    const status = await revoke(this.#grant, refreshToken).catch(() => 0)
    if (status === 200) {
      this.#wrote({ kind: 'revoked', person, accessToken, refreshToken })
    } else this.putOff += 1
  }

  /** Between two requests: as long as the load is paused, this one is not under way. */
  async #holdStill(): Promise<void> {
    this.#busy -= 1
    while (this.#paused && !this.stopped) await sleep(20)
    this.#busy += 1
  }

  /** One thing after the other, unless paused. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    while (this.#paused && !this.stopped) await sleep(20)
    this.#busy += 1
    try {
      return await work()
    } finally {
      this.#busy -= 1
    }
  }

  async pause(): Promise<void> {
    this.#paused = true
    while (this.#busy > 0) await sleep(20)
  }

  resume(): void {
    this.#paused = false
  }
}

/** Starts them; resolves when each person has signed in and every family is there. */
export async function startLoad(options: LoadOptions): Promise<Load & { readonly grant: Grant }> {
  const grant = await newGrant(options.world)
  const clients = new Clients(options, grant)
  const again = async (work: () => Promise<void>) => {
    while (!clients.stopped) await clients.step(work)
  }
  const running = Promise.all([
    ...people.flatMap((person) => Array.from({ length: familiesPerPerson }, () => clients.live(person))),
    again(() => clients.register()),
    again(() => clients.comeAndGo()),
  ])
  const wanted = people.length * familiesPerPerson
  while (clients.counts.tokens < wanted && !clients.stopped) await sleep(50)
  return {
    grant,
    counts: clients.counts,
    get putOff() {
      return clients.putOff
    },
    get codesLost() {
      return clients.codesLost
    },
    pause: () => clients.pause(),
    resume: () => clients.resume(),
    stop: async () => {
      clients.stopped = true
      await running
    },
  }
}
