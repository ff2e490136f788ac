/**
 * The part of an SDK client that its host writes: storage for credentials, and a browser for the person. The shape is the
 * `OAuthClientProvider` of both SDK generations; their types for credentials differ, so they are parameters here.
 */
import { randomBytes } from 'node:crypto'
import { completeAuthorization, type Person } from './authorization.js'
import type { Browser } from './browser.js'

export class InteractiveProvider<ClientInformation, Tokens, DiscoveryState> {
  readonly redirectUrl = 'http://127.0.0.1:41575/callback'
  readonly clientMetadata = {
    client_name: 'SDK client',
    redirect_uris: [this.redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
  /** Each authorization request it was sent to, for assertions on what the SDK asks for. */
  readonly requests: URL[] = []
  /** Who answers the next authorization; tests change it between steps. */
  person: Person
  readonly #browser: Browser
  #clientInformation: ClientInformation | undefined
  #tokens: Tokens | undefined
  #codeVerifier = ''
  #state = ''
  #callback: URLSearchParams | undefined
  #discoveryState: DiscoveryState | undefined

  readonly #complete: typeof completeAuthorization

  /** `complete`: walks the pages of another server than ours to the redirect back to the client. */
  constructor(browser: Browser, person: Person, complete = completeAuthorization) {
    this.#browser = browser
    this.person = person
    this.#complete = complete
  }

  state(): string {
    this.#state = randomBytes(16).toString('base64url')
    return this.#state
  }

  clientInformation(): ClientInformation | undefined {
    return this.#clientInformation
  }

  saveClientInformation(information: ClientInformation): void {
    this.#clientInformation = information
  }

  tokens(): Tokens | undefined {
    return this.#tokens
  }

  saveTokens(tokens: Tokens): void {
    this.#tokens = tokens
  }

  saveCodeVerifier(codeVerifier: string): void {
    this.#codeVerifier = codeVerifier
  }

  codeVerifier(): string {
    return this.#codeVerifier
  }

  saveDiscoveryState(state: DiscoveryState): void {
    this.#discoveryState = state
  }

  discoveryState(): DiscoveryState | undefined {
    return this.#discoveryState
  }

  /** Drives the pages to their end and keeps what the client's callback would have been given. */
  async redirectToAuthorization(authorizationUrl: URL): Promise<void> {
    this.requests.push(authorizationUrl)
    const left = await this.#complete(this.#browser, authorizationUrl.href, this.person)
    this.#callback = new URL(left).searchParams
  }

  /** The callback's parameters, once; checks `state`, which the SDKs leave to their host. */
  takeCallback(): URLSearchParams {
    const callback = this.#callback
    this.#callback = undefined
    if (callback === undefined) throw new Error('nobody was asked to authorize')
    if (callback.get('state') !== this.#state) throw new Error('the callback carries another state')
    return callback
  }
}
