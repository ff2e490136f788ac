/**
 * The engine's objects as the rooms around it know them: the members that they use, and no more. The engine's own objects are of these
 * types; nothing is copied or wrapped. A member that a new release lost fails to compile in the files beside this one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClientMetadata } from '../../oauth/registration.js'

export interface EngineClient {
  readonly clientId: string
  readonly clientName?: string | undefined
  /** Seconds since 1970. */
  readonly clientIdIssuedAt?: number | undefined
  /** `token_endpoint_auth_method` of the registration. */
  readonly clientAuthMethod?: string | undefined
  readonly redirectUris?: readonly string[] | undefined
  grantTypeAllowed(grantType: string): boolean
  metadata(): ClientMetadata
  /** This server's own members of the metadata (clients/metadata-rules.ts), by their names there. */
  readonly [member: string]: unknown
}

/** The browser's session. */
export interface EngineSession {
  accountId?: string | undefined
  readonly uid: string
  /** The cookie's value. */
  readonly jti: string
  /** Seconds since 1970; a session that was never stored has none. */
  readonly exp: number
  readonly state?: Readonly<Record<string, unknown>> | undefined
  /** How strongly the person was proven. */
  readonly acr?: string | undefined
  /** True if the person signed in more than `age` seconds ago. */
  past(age: number): boolean
  loginAccount(details: {
    readonly accountId: string
    /** When they signed in, in seconds since 1970. */
    readonly loginTs: number
    readonly acr: string
    readonly amr: string[]
  }): void
  save(ttl: number): Promise<string>
}

/** What one authorization allowed. Scopes are written as in OAuth, with spaces between them. */
export interface EngineGrant {
  readonly accountId?: string | undefined
  /** By resource, the scopes there. */
  readonly resources?: Readonly<Record<string, string>> | undefined
  addOIDCScope(scope: string): void
  rejectOIDCScope(scope: string): void
  addOIDCClaims(claims: string[]): void
  addResourceScope(resource: string, scope: string): void
  getOIDCScope(): string
  getRejectedOIDCScope(): string
  getOIDCClaims(): string[]
  getResourceScope(resource: string): string
  /** What was taken away of it. */
  getRejectedResourceScope(resource: string): string
  /** Resolves to the grant's id. */
  save(): Promise<string>
}

/** What was decided in an interaction. */
export interface EngineResult {
  readonly login?: { readonly accountId: string; readonly [detail: string]: unknown } | undefined
  readonly consent?: { readonly grantId?: string | undefined } | undefined
  readonly [detail: string]: unknown
}

/** One sign-in in progress. */
export interface EngineInteraction {
  readonly uid: string
  /** Seconds since 1970. */
  readonly exp: number
  /** Where the browser goes on at the engine. */
  readonly returnTo: string
  /** The parameters of the authorization request. */
  readonly params: Readonly<Record<string, unknown>>
  prompt: { name: string; reasons: string[]; details: Record<string, unknown> }
  session?:
    | { accountId: string; uid: string; cookie: string; acr?: string | undefined; amr?: string[] | undefined }
    | undefined
  result?: EngineResult | undefined
  readonly deviceCode?: string | undefined
  save(ttl: number): Promise<string>
}

interface OfAccount {
  readonly accountId?: string | undefined
}

/** What a token request redeems. */
interface Credential extends OfAccount {
  /** The resources that were asked for, in their order. */
  readonly resource?: string | readonly string[] | undefined
  /** When the person signed in, in seconds since 1970. */
  readonly authTime?: number | undefined
  /** How strongly they were proven then. */
  readonly acr?: string | undefined
}

/** A request as the engine sees it. */
export interface EngineRequest {
  /** The engine's name of the endpoint. */
  readonly route: string
  /** Without values until the engine has read them. One that is given twice is a list until the engine refuses it. */
  readonly params?: Readonly<Record<string, unknown>> | undefined
  /** Values of `prompt`. */
  readonly prompts: ReadonlySet<string>
  /** Authenticated at the endpoints for programs, otherwise named. */
  readonly client?: EngineClient | undefined
  readonly account?: { readonly accountId: string } | undefined
  readonly session?: EngineSession | undefined
  readonly result?: EngineResult | undefined
  /** What the engine has loaded for the request. */
  readonly entities: {
    readonly AccessToken?: OfAccount | undefined
    readonly Account?: { readonly accountId: string } | undefined
    readonly AuthorizationCode?: Credential | undefined
    readonly DeviceCode?: Credential | undefined
    readonly Grant?: EngineGrant | undefined
    readonly IdTokenHint?: object | undefined
    readonly InitialAccessToken?: object | undefined
    readonly Interaction?: { readonly params: Readonly<Record<string, unknown>> } | undefined
    readonly RefreshToken?: Credential | undefined
  }
  /** The public URL of one of the engine's endpoints. */
  urlFor(route: string): string
}

/** The engine's context, as its hooks get it. */
export interface EngineContext {
  readonly oidc: EngineRequest
}

/** What the rooms around the engine ask of it outside of its own requests. */
export interface Engine {
  readonly Client: { find(clientId: string): Promise<EngineClient | undefined> }
  readonly DeviceCode: {
    find(
      value: string,
    ): Promise<
      { readonly userCode: string; readonly deviceInfo?: Readonly<Record<string, unknown>> | undefined } | undefined
    >
  }
  readonly Grant: new (owner: { readonly accountId: string; readonly clientId: string }) => EngineGrant
  readonly Session: new () => EngineSession
  /** The interaction whose cookie the browser sent. */
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<EngineInteraction>
}
