/**
 * What else is good once: an interaction, its code, a client assertion or proof, an identity assertion. Requests are read, decided and committed in steps
 * that others may come between; the database goes away; processes end between commit and answer.
 */
import type { Model, Step } from './state-space.js'

export interface SingleUseGuards {
  /** The end of the interaction is conditional: of two answers one counts. */
  readonly endsInteractionOnce: boolean
  /** The code is inserted by the statement that ends its interaction. */
  readonly writesCodeWithEnd: boolean
  /** Redeeming a code is one conditional UPDATE. */
  readonly redeemsOnce: boolean
  /** A code used twice ends its grant (RFC 6749 §4.1.2). */
  readonly endsGrantOnReuse: boolean
  /** Identifiers are remembered by one insert, not by a read and a write. */
  readonly remembersAtOnce: boolean
  /** The namespace follows from what was verified, not from a header of the request. */
  readonly namesByVerified: boolean
  /** Assertion and proof have namespaces of their own. */
  readonly tellsKindsApart: boolean
  /** A request that is put off (429, 503) uses nothing up. */
  readonly keepsWhenPutOff: boolean
  /** Use, token and event of an identity assertion are one statement. */
  readonly usesInOneCommit: boolean
  /** Readiness asks the database. */
  readonly asksDatabase: boolean
}

export const allGuards: SingleUseGuards = {
  endsInteractionOnce: true,
  writesCodeWithEnd: true,
  redeemsOnce: true,
  endsGrantOnReuse: true,
  remembersAtOnce: true,
  namesByVerified: true,
  tellsKindsApart: true,
  keepsWhenPutOff: true,
  usesInOneCommit: true,
  asksDatabase: true,
}

export interface SingleUseBounds {
  readonly kinds: readonly Kind[]
  readonly requests: number
  readonly inFlight: number
  /** Requests that a limit refuses, and times that the database goes away. */
  readonly putOffs: number
}

/** `forged`: a client assertion beside an unverified header that repeats its `jti`; `proven`: beside an honest proof with it. */
type Kind = 'allow' | 'redeem' | 'assertion' | 'forged' | 'proven' | 'identity'

interface Request {
  readonly kind: Kind
  readonly phase: 'sent' | 'looked' | 'remembered' | 'half'
  /** What the look-up said: not used yet. */
  readonly wasFree: boolean
  /** What this request was the first to remember. */
  readonly remembered: readonly string[]
}

export interface SingleUseState {
  readonly requests: readonly Request[]
  readonly sent: number
  readonly putOffs: number
  readonly isDatabaseUp: boolean
  readonly saysReady: boolean
  readonly isInteractionOpen: boolean
  readonly codes: number
  readonly isCodeUsed: boolean
  readonly redemptions: number
  readonly isGranted: boolean
  readonly wasReused: boolean
  readonly remembered: readonly string[]
  /** How often an assertion, and an identity assertion, led to a token. */
  readonly accepted: Readonly<Record<'assertion' | 'identity', number>>
  readonly events: number
  /** A request was refused as a replay though nothing had come of the earlier one. */
  readonly isHonestRefused: boolean
  /** A request was put off by a database that was away, which keeps what it remembered before. */
  readonly wasAway: boolean
  readonly isProbeFalse: boolean
}

const initial: SingleUseState = {
  requests: [],
  sent: 0,
  putOffs: 0,
  isDatabaseUp: true,
  saysReady: true,
  isInteractionOpen: true,
  codes: 0,
  isCodeUsed: false,
  redemptions: 0,
  isGranted: true,
  wasReused: false,
  remembered: [],
  accepted: { assertion: 0, identity: 0 },
  events: 0,
  isHonestRefused: false,
  wasAway: false,
  isProbeFalse: false,
}

export function singleUseModel(bounds: SingleUseBounds, guards: SingleUseGuards = allGuards): Model<SingleUseState> {
  const without = (state: SingleUseState, index: number): SingleUseState => ({
    ...state,
    requests: state.requests.filter((_request, at) => at !== index),
  })
  const change = (state: SingleUseState, index: number, changes: Partial<Request>): SingleUseState => ({
    ...state,
    requests: state.requests.map((request, at) => (at === index ? { ...request, ...changes } : request)),
  })

  /** Names that the request uses up before its commit. */
  const namesOf = ({ kind }: Request): readonly string[] => {
    const assertion = kind === 'forged' && !guards.namesByVerified ? 'proof' : 'assertion'
    if (kind === 'identity') return ['identity']
    return kind === 'proven' ? [assertion, guards.tellsKindsApart ? 'proof' : 'assertion'] : [assertion]
  }

  const isFree = (state: SingleUseState, { kind }: Request): boolean => {
    switch (kind) {
      case 'allow':
        return state.isInteractionOpen
      case 'redeem':
        return !state.isCodeUsed
      default:
        return true
    }
  }

  /** The commit of an answered interaction. */
  const allow = (state: SingleUseState, index: number): Step<SingleUseState>[] => {
    const isCounted = state.isInteractionOpen || !guards.endsInteractionOnce
    if (!isCounted) return [{ action: 'allow too late', state: without(state, index) }]
    const coded = { ...state, codes: state.codes + 1 }
    if (guards.writesCodeWithEnd) {
      return [{ action: 'allow', state: without({ ...coded, isInteractionOpen: false }, index) }]
    }
    return [{ action: 'write the code', state: change(coded, index, { phase: 'half' }) }]
  }

  const redeem = (state: SingleUseState, index: number, { wasFree }: Request): Step<SingleUseState>[] => {
    const isFirst = guards.redeemsOnce ? wasFree && !state.isCodeUsed : wasFree
    const rest = without(state, index)
    if (isFirst && state.isGranted) {
      const used = { ...rest, isCodeUsed: true, redemptions: state.redemptions + 1 }
      return [
        { action: 'redeem', state: used },
        // The process ends, or the way is cut: the client repeats a code that is used.
        { action: 'redeem, answer lost', state: used },
      ]
    }
    return [
      { action: 'reuse', state: { ...rest, wasReused: true, isGranted: state.isGranted && !guards.endsGrantOnReuse } },
    ]
  }

  /** Remembers what the request names, one name at a time; a name that is known ends the request. */
  const remember = (state: SingleUseState, index: number, request: Request): Step<SingleUseState>[] => {
    const [name] = namesOf(request).slice(request.remembered.length)
    if (name === undefined) return [{ action: 'verified', state: change(state, index, { phase: 'remembered' }) }]
    const isKnown = guards.remembersAtOnce ? state.remembered.includes(name) : !request.wasFree
    if (isKnown) {
      const [isProven, uses] = [request.remembered.length > 0, state.accepted.assertion]
      const isUnderWay = state.requests.some(({ remembered }, at) => at !== index && remembered.includes(name))
      const isHonest = isProven || (uses === 0 && !isUnderWay)
      return [
        {
          action: `refuse a replay of ${name}`,
          state: without({ ...state, isHonestRefused: state.isHonestRefused || isHonest }, index),
        },
      ]
    }
    const remembered = [...new Set([...state.remembered, name])].sort()
    return [
      {
        action: `remember ${name}`,
        state: change({ ...state, remembered }, index, { remembered: [...request.remembered, name], wasFree: true }),
      },
    ]
  }

  const putOff = (state: SingleUseState, index: number, { remembered }: Request): Step<SingleUseState>[] => {
    if (state.putOffs >= bounds.putOffs) return []
    const left = guards.keepsWhenPutOff
      ? state.remembered.filter((name) => !remembered.includes(name))
      : state.remembered
    return [{ action: 'put off', state: without({ ...state, putOffs: state.putOffs + 1, remembered: left }, index) }]
  }

  const acceptIdentity = (state: SingleUseState, index: number): Step<SingleUseState>[] => {
    const rest = without(state, index)
    if (guards.usesInOneCommit) {
      if (state.remembered.includes('identity')) return [{ action: 'refuse a used identity', state: rest }]
      const accepted = { ...state.accepted, identity: state.accepted.identity + 1 }
      return [
        {
          action: 'accept identity',
          state: { ...rest, accepted, events: state.events + 1, remembered: [...state.remembered, 'identity'].sort() },
        },
        ...putOff(state, index, { ...(state.requests[index] as Request), remembered: [] }),
      ]
    }
    // As it was: the use and the event first, then the limit and the commit.
    if (state.remembered.includes('identity')) {
      const isHonest = state.accepted.identity === 0 && state.requests.length === 1
      return [
        {
          action: 'refuse a used identity',
          state: { ...rest, isHonestRefused: state.isHonestRefused || isHonest },
        },
      ]
    }
    const noted = { ...state, events: state.events + 1, remembered: [...state.remembered, 'identity'].sort() }
    return [{ action: 'use identity', state: change(noted, index, { phase: 'half' }) }]
  }

  const finish = (state: SingleUseState, index: number, request: Request): Step<SingleUseState>[] => {
    const rest = without(state, index)
    if (request.kind === 'allow') {
      return [
        { action: 'end the interaction', state: { ...rest, isInteractionOpen: false } },
        { action: 'the process ends between', state: rest },
      ]
    }
    const accepted = { ...state.accepted, identity: state.accepted.identity + 1 }
    return [{ action: 'accept identity', state: { ...rest, accepted } }, ...putOff(state, index, request)]
  }

  const serve = (state: SingleUseState, request: Request, index: number): Step<SingleUseState>[] => {
    if (!state.isDatabaseUp) return [{ action: 'no database', state: { ...without(state, index), wasAway: true } }]
    if (request.phase === 'half') return finish(state, index, request)
    if (request.phase === 'sent') {
      const isUnknown = namesOf(request).every((name) => !state.remembered.includes(name))
      const wasFree = request.kind === 'allow' || request.kind === 'redeem' ? isFree(state, request) : isUnknown
      return [{ action: `look ${request.kind}`, state: change(state, index, { phase: 'looked', wasFree }) }]
    }
    if (request.kind === 'allow') return allow(state, index)
    if (request.kind === 'redeem') return redeem(state, index, request)
    if (request.kind === 'identity') return acceptIdentity(state, index)
    if (request.phase === 'looked') return remember(state, index, request)
    const accepted = { ...state.accepted, assertion: state.accepted.assertion + 1 }
    return [
      { action: 'accept assertion', state: { ...without(state, index), accepted } },
      ...putOff(state, index, request),
    ]
  }

  const send = (state: SingleUseState): Step<SingleUseState>[] =>
    state.sent >= bounds.requests || state.requests.length >= bounds.inFlight
      ? []
      : bounds.kinds
          .filter((kind) => kind !== 'redeem' || state.codes > 0)
          .map((kind) => ({
            action: `send ${kind}`,
            state: {
              ...state,
              sent: state.sent + 1,
              requests: [...state.requests, { kind, phase: 'sent', wasFree: false, remembered: [] }],
            },
          }))

  const database = (state: SingleUseState): Step<SingleUseState>[] => {
    const saysReady = guards.asksDatabase ? state.isDatabaseUp : true
    const probed = { ...state, saysReady, isProbeFalse: saysReady !== state.isDatabaseUp }
    if (state.saysReady !== state.isDatabaseUp) return [{ action: 'probe', state: probed }]
    if (!state.isDatabaseUp) return [{ action: 'the database comes back', state: { ...state, isDatabaseUp: true } }]
    if (state.putOffs >= bounds.putOffs) return []
    return [{ action: 'the database goes away', state: { ...state, isDatabaseUp: false, putOffs: state.putOffs + 1 } }]
  }

  return {
    initial,
    next: (state) => [
      ...send(state),
      ...state.requests.flatMap((request, at) => serve(state, request, at)),
      ...database(state),
    ],
    invariants: {
      'I2 an interaction is answered once': ({ codes }) => codes <= 1,
      'I2 a code is redeemed once': ({ redemptions }) => redemptions <= 1,
      'I2 an assertion leads to one answer': ({ accepted }) => accepted.assertion <= 1,
      'I2 an identity assertion leads to one token': ({ accepted }) => accepted.identity <= 1,
      'I1 an interaction that has its code is over': ({ codes, isInteractionOpen, requests }) =>
        codes === 0 || !isInteractionOpen || requests.some(({ phase, kind }) => phase === 'half' && kind === 'allow'),
      'I3 a code that was used again ends its grant': ({ wasReused, isGranted }) => !wasReused || !isGranted,
      'I1 an event is written exactly when what it tells of happened': ({ events, accepted, requests }) =>
        events === accepted.identity || requests.some(({ phase }) => phase === 'half'),
      'I6 an honest request is not taken for a replay': ({ isHonestRefused, wasAway }) => !isHonestRefused || wasAway,
      'I8 a probe is answered with the truth': ({ isProbeFalse }) => !isProbeFalse,
    },
  }
}
