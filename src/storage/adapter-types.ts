/**
 * What storage and the engine say to each other, in types of storage's own: storage knows nothing of the engine's package. The engine's
 * side of it is authorization-server/engine/engine-adapter.ts.
 */

/** A record as the engine saves it. The members named here are those that decide about its row; the others are kept as they are. */
export interface Payload {
  readonly accountId?: string | undefined
  readonly clientId?: string | undefined
  /** Set in what is read, once the record was used: epoch seconds, or true. */
  readonly consumed?: unknown
  readonly deviceCode?: string | undefined
  readonly grantId?: string | undefined
  /** The record's own value: its identifier, cookie or token. */
  readonly jti?: string | undefined
  readonly parJti?: string | undefined
  readonly params?: Readonly<Record<string, unknown>> | undefined
  readonly result?: InteractionResult | undefined
  readonly returnTo?: string | undefined
  readonly session?: InteractionSession | undefined
  readonly uid?: string | undefined
  readonly userCode?: string | undefined
  readonly [member: string]: unknown
}

/** What was decided in an interaction. */
export interface InteractionResult {
  readonly consent?: { readonly grantId?: string | undefined } | undefined
  readonly login?: object | undefined
  readonly [member: string]: unknown
}

/** The browser session that an interaction began in. */
export interface InteractionSession {
  readonly accountId?: string | undefined
  readonly cookie?: string | undefined
  readonly uid?: string | undefined
  readonly acr?: string | undefined
  readonly amr?: string[] | undefined
}

/** The store of one of the engine's models. Its promises are listed in adapter.ts. `expiresIn`: seconds. */
export interface Adapter {
  upsert(id: string, payload: Payload, expiresIn?: number): Promise<void>
  find(id: string): Promise<Payload | undefined>
  findByUserCode(userCode: string): Promise<Payload | undefined>
  findByUid(uid: string): Promise<Payload | undefined>
  consume(id: string): Promise<void>
  destroy(id: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
}

/** What a registration, or an update of one, was authorized with. */
export interface RegistrationRequest {
  readonly isUpdate: boolean
  readonly registrationAccessToken: string | undefined
  readonly initialAccessToken: string | undefined
}

/** What the adapters ask about the request that the engine is working on. */
export interface RequestUnderWay {
  /** An object of this request alone; `undefined` outside of requests. */
  identity(): object | undefined
  /** `undefined` outside of requests. */
  registration(): RegistrationRequest | undefined
  /** Takes the device code from the interaction that the engine has loaded, so that it reports nothing to the device. */
  forgetDeviceCode(): void
}

/** For callers that use an adapter without an engine: commands, tests. */
export const noRequest: RequestUnderWay = {
  identity: () => undefined,
  registration: () => undefined,
  forgetDeviceCode: () => undefined,
}

/**
 * `grant gone`: what is to be issued would hang on a grant that was revoked. `used`: a code or token was used before. `request used`: a
 * pushed authorization request was. `interaction over`: it was answered or ended. `device code answered`: by another decision.
 */
export type RefusalReason = 'grant gone' | 'used' | 'request used' | 'interaction over' | 'device code answered'

/** An adapter refuses what it is asked for: an answer of the protocol, no fault. `message` is for the log. */
export class AdapterRefusal extends Error {
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, detail: string) {
    super(detail)
    this.name = 'AdapterRefusal'
    this.reason = reason
  }
}
