/**
 * One client's whole way, step by step, from a bare MCP URL to a tool call that needed more: over HTTP, through our pages, with the
 * habits its shape records. Every step throws what a person who debugs that client would want to read.
 */
import { decodeJwt } from 'jose'
import { knownClient } from '../../src/authorization-server/clients/known-clients.js'
import { parseScope } from '../../src/oauth/scope.js'
import { completeAuthorization, type ScopeChoice } from '../support/authorization.js'
import type { Browser, Page } from '../support/browser.js'
import { type McpAnswer, structured } from '../support/mcp-request.js'
import { requestTokens, startAuthorization, type Tokens } from '../support/oauth-client.js'
import { type Discovery, discover, firstScopes } from './discovery.js'
import type { Credentials } from './operator-clients.js'
import { authenticate, register } from './registration.js'
import type { ClientShape, TokenRequestKind } from './shape.js'
import { callTool } from './tool-call.js'
import type { World } from './world.js'

export const steps = ['discover', 'register', 'authorize', 'token', 'call', 'refresh', 'step-up'] as const
export type Step = (typeof steps)[number]

/** What has been reached so far; a step that needs more fails with the name of the step that is missing. */
interface Progress {
  discovery?: Discovery
  credentials?: Credentials
  /** Every scope asked for since the start; empty when the client names none. */
  asked?: readonly string[]
  code?: { readonly value: string; readonly codeVerifier: string }
  tokens?: Tokens
}

function expectAll(wanted: readonly string[], scopes: readonly string[], what: string): void {
  const missing = wanted.filter((scope) => !scopes.includes(scope))
  if (missing.length > 0) throw new Error(`${what} lacks ${missing.join(' ')}: ${scopes.join(' ')}`)
}

export class Replay {
  readonly #world: World
  readonly #shape: ClientShape
  readonly #browser: Browser
  readonly #progress: Progress = {}

  constructor(world: World, shape: ClientShape) {
    this.#world = world
    this.#shape = shape
    this.#browser = world.stack.newBrowser()
  }

  async run(step: Step): Promise<void> {
    switch (step) {
      case 'discover':
        this.#progress.discovery = await discover(this.#world.stack.resource, this.#shape)
        return
      case 'register':
        return this.#register()
      case 'authorize':
        return this.#authorizeFirst()
      case 'token':
        return this.#redeem()
      case 'call':
        return this.#read()
      case 'refresh':
        return this.#refresh()
      case 'step-up':
        return this.#stepUp()
    }
  }

  #need<Name extends keyof Progress>(name: Name): NonNullable<Progress[Name]> {
    const value = this.#progress[name]
    if (value === undefined || value === null) throw new Error(`an earlier step failed: there is no ${name}`)
    return value
  }

  async #register(): Promise<void> {
    this.#progress.credentials = await register(this.#world, this.#need('discovery').server, this.#shape)
  }

  /** The person allows reading only, whatever else was asked for: there is something left to step up to. */
  async #authorizeFirst(): Promise<void> {
    const scopes = firstScopes(this.#need('discovery'), this.#shape)
    await this.#authorize(scopes, { except: ['notes:write', 'notes:delete'] })
    this.#progress.asked = scopes ?? []
  }

  #resource(request: TokenRequestKind): { readonly resource?: string } {
    const { spelling, in: requests } = this.#shape.resource
    const { resource } = this.#world.stack
    const spelled = { 'as typed': resource, slash: `${resource}/`, origin: new URL('/', resource).href }
    return requests.includes(request) ? { resource: spelled[spelling] } : {}
  }

  async #authorize(scopes: readonly string[] | undefined, allow: ScopeChoice): Promise<void> {
    const { server } = this.#need('discovery')
    const { prompt, redirectUri } = this.#shape
    const started = startAuthorization(server, {
      clientId: this.#need('credentials').clientId,
      redirectUri,
      ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
      ...this.#resource('authorize'),
      parameters: prompt === undefined ? {} : { prompt },
    })
    const { account } = this.#world.stack
    const reads = (page: Page) => this.#checkConsentPage(page)
    const left = new URL(await completeAuthorization(this.#browser, started.url, { account, allow, reads }))
    const expected = new URL(redirectUri)
    if (
      `${left.protocol}//${left.host}${left.pathname}` !== `${expected.protocol}//${expected.host}${expected.pathname}`
    ) {
      throw new Error(`sent to ${left.href} instead of ${redirectUri}`)
    }
    const { code, state, iss, ...rest } = Object.fromEntries(left.searchParams)
    if (code === undefined || Object.keys(rest).length > 0) throw new Error(`came back with ${left.search}`)
    if (state !== started.state || iss !== server.issuer) throw new Error(`came back with ${left.search}`)
    this.#progress.code = { value: code, codeVerifier: started.codeVerifier }
  }

  /** What we tell people about this client must be true: proven by its host, made by the operator, or neither. */
  #checkConsentPage({ text }: Page): void {
    const { registration, authMethod, redirectUri } = this.#shape
    const words: string[] = []
    // Anybody can send the link of a public client whose answer goes to a program on the person's device.
    const isAlone = authMethod !== 'none' || redirectUri.startsWith('https:')
    if (!isAlone) words.push('Not verified')
    else if (registration.kind === 'metadata document') {
      const known = knownClient(registration.document.client_id)
      if (known === undefined) throw new Error('this product is not on the list of known clients')
      words.push(
        `Verified: ${new URL(registration.document.client_id).host}`,
        `known program: ${known.product} by ${known.maker}`,
      )
    } else words.push(registration.kind === 'static' ? 'A known program' : 'Not verified')
    const missing = words.filter((word) => !text.includes(word))
    if (missing.length > 0) throw new Error(`the consent page does not say ${missing.join(', ')}: ${text}`)
  }

  async #tokens(kind: 'token' | 'refresh', parameters: Readonly<Record<string, string>>): Promise<Tokens> {
    const { server } = this.#need('discovery')
    // Assertions are addressed to the token endpoint by some clients, to the issuer by others: one each.
    const audience = kind === 'token' ? server.token_endpoint : server.issuer
    const proof = await authenticate(this.#world, this.#shape, this.#need('credentials'), audience)
    const { origin } = this.#shape
    const headers = { ...proof.headers, ...(origin === undefined ? {} : { origin }) }
    const answer = await requestTokens(server, { ...parameters, ...this.#resource(kind), ...proof.parameters }, headers)
    if (answer.tokens === undefined) throw new Error(`the token endpoint answered ${answer.status} ${answer.error}`)
    if (origin !== undefined && answer.headers.get('access-control-allow-origin') === null) {
      throw new Error(`a page on ${origin} may not read the token endpoint's answer`)
    }
    const { aud } = decodeJwt(answer.tokens.access_token)
    if (aud !== this.#world.stack.resource) throw new Error(`the token is for ${aud}`)
    if (answer.tokens.refresh_token === undefined) throw new Error('there is no refresh token')
    return answer.tokens
  }

  async #redeem(): Promise<void> {
    const { value, codeVerifier } = this.#need('code')
    const { redirectUri } = this.#shape
    const parameters = {
      grant_type: 'authorization_code',
      code: value,
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
    }
    this.#progress.tokens = await this.#tokens('token', parameters)
    expectAll(['notes:read'], this.#granted(), 'the token')
  }

  #granted(): string[] {
    return parseScope(this.#need('tokens').scope)
  }

  #call(name: string, toolArguments: Readonly<Record<string, unknown>> = {}): Promise<McpAnswer> {
    const { access_token: token } = this.#need('tokens')
    return callTool({ url: this.#world.stack.resource, token, shape: this.#shape }, name, toolArguments)
  }

  async #read(): Promise<void> {
    structured(await this.#call('list_notes'))
  }

  async #refresh(): Promise<void> {
    const before = this.#need('tokens')
    const parameters = { grant_type: 'refresh_token', refresh_token: before.refresh_token ?? '' }
    const after = await this.#tokens('refresh', parameters)
    if (after.refresh_token === before.refresh_token) throw new Error('the refresh token was not rotated')
    this.#progress.tokens = after
    expectAll(parseScope(before.scope), this.#granted(), 'the refreshed token')
    await this.#read()
  }

  async #stepUp(): Promise<void> {
    const created = structured(await this.#callWith('notes:write', 'create_note', { title: 'One', body: 'First' }))
    structured(await this.#callWith('notes:delete', 'delete_note', { id: created['id'] }))
    // Nothing that worked before may have stopped.
    await this.#read()
  }

  /** Makes a call that needs one scope more, and gets it the way this client does. */
  async #callWith(scope: string, name: string, toolArguments: Readonly<Record<string, unknown>>): Promise<McpAnswer> {
    const refused = await this.#call(name, toolArguments)
    // A client that named all its scopes in one go has this one already.
    if (refused.status === 200 && this.#shape.stepUp === 'configured') return refused
    const { error, scope: challenged, resource_metadata: metadata } = refused.challenge
    if (refused.status !== 403 || error !== 'insufficient_scope' || metadata === undefined) {
      throw new Error(`${name} was answered ${refused.status} ${JSON.stringify(refused.challenge)}`)
    }
    const named = parseScope(challenged)
    expectAll([scope, ...this.#granted().filter((granted) => granted.startsWith('notes:'))], named, 'the challenge')
    const scopes = this.#scopesAfter(named)
    await this.#authorize(scopes, 'all')
    await this.#redeem()
    this.#progress.asked = scopes
    return this.#call(name, toolArguments)
  }

  #scopesAfter(challenged: readonly string[]): readonly string[] {
    switch (this.#shape.stepUp) {
      case 'union':
        return [...new Set([...this.#need('asked'), ...challenged])]
      case 'challenge':
        return challenged
      case 'configured':
        return ['notes:read', 'notes:write', 'notes:delete', ...this.#shape.addsScopes]
    }
  }
}
