/**
 * Refresh tokens of one grant: an honest client, a thief, requests that overtake each other, answers that are lost, a clock that passes
 * the grace. What a use means is decided by the product's own `judgeRefreshUse`. What a statement does to the database is written out here
 * as its SQL says, one atomic step each; `refresh-traces.test.ts` plays traces of this model on the real statements.
 */
import { judgeRefreshUse, type RefreshUse } from '../../src/storage/grants/refresh-reuse.js'
import type { Model, Step } from './state-space.js'

/** What keeps the promises. The mutants of the model lack one each. */
export interface RefreshGuards {
  /** `UPDATE … WHERE consumed_at IS NULL`: of racing redemptions one is first. */
  readonly redeemsOnce: boolean
  /** The successor is inserted by the statement that redeems, or not at all. */
  readonly issuesWithRedemption: boolean
  /** Foreign key: nothing is issued under a grant that is gone. */
  readonly needsGrant: boolean
  /** Deleting the grant deletes its tokens. */
  readonly endsTokensWithGrant: boolean
  /** A token is taken from its own client alone. */
  readonly bindsClient: boolean
  /** A reuse ends the grant. */
  readonly endsGrantOnReuse: boolean
  /** A token that was handed out again after a grace gets no second such chance. */
  readonly marksReissued: boolean
  /** The mark is written on the condition that the token is unused. */
  readonly reissuesUnused: boolean
  /** After the grace, an unused successor is handed out again. */
  readonly retriesLate: boolean
  /** Nothing is answered before the commit. */
  readonly commitsFirst: boolean
  /** Successors are stored under a key that is made from their predecessor. */
  readonly sealsSuccessors: boolean
  /** A fault of the database is 503, never an error of the request. */
  readonly tellsOutages: boolean
}

export const allGuards: RefreshGuards = {
  redeemsOnce: true,
  issuesWithRedemption: true,
  needsGrant: true,
  endsTokensWithGrant: true,
  bindsClient: true,
  endsGrantOnReuse: true,
  marksReissued: true,
  reissuesUnused: true,
  retriesLate: true,
  commitsFirst: true,
  sealsSuccessors: true,
  tellsOutages: true,
}

export interface RefreshBounds {
  readonly requests: number
  readonly inFlight: number
  readonly ticks: number
  /** Answers that never arrive: the way is cut, or the process ends between commit and answer. */
  readonly losses: number
  /** Commits that the database does not carry out. */
  readonly outages: number
  readonly theft: boolean
  readonly revocation: boolean
  /** Requests may take longer than the grace. */
  readonly isSlow: boolean
}

/** `reader`: who can read the database, and nothing else. */
type Holder = 'client' | 'thief' | 'stranger' | 'reader'
type Answer = 'pending' | number | 'refused' | 'put off' | 'wrongly refused'

interface Token {
  readonly consumedAt: number | null
  /** Index; null while there is none. */
  readonly successor: number | null
  readonly isReissued: boolean
  /** Whether its row is there. */
  readonly isStored: boolean
  /** The token whose value opens what is stored of this one; null: it is stored as it is. */
  readonly sealedUnder: number | null
}

interface Request {
  readonly by: Holder
  readonly token: number
  readonly phase: 'sent' | 'looked' | 'done'
  readonly use: RefreshUse | 'gone' | 'foreign' | undefined
  readonly answer: Answer
  /** When it was sent the grant had ended. */
  readonly isAfterEnd: boolean
}

export interface RefreshState {
  readonly now: number
  readonly isGranted: boolean
  readonly tokens: readonly Token[]
  readonly requests: readonly Request[]
  readonly held: Readonly<Record<Holder, readonly number[]>>
  readonly sent: number
  readonly losses: number
  readonly outages: number
  readonly isRevoked: boolean
  /** How often each token was redeemed. */
  readonly redemptions: readonly number[]
  /** A token was told that the database does not have. */
  readonly unknownTold: boolean
  readonly toldAfterEnd: boolean
  readonly toldStranger: boolean
  readonly clientRefused: boolean
  readonly reuseWithoutEnd: boolean
  readonly lateInARow: boolean
  /** After the grace, a token was handed out that had been used. */
  readonly usedTold: boolean
}

/** In ticks. A request may take one tick and still be within it. */
const graceTicks = 1

export function refreshModel(bounds: RefreshBounds, guards: RefreshGuards = allGuards): Model<RefreshState> {
  const first: Token = { consumedAt: null, successor: null, isReissued: false, isStored: true, sealedUnder: -1 }
  const initial: RefreshState = {
    now: 0,
    isGranted: true,
    tokens: [first],
    requests: [],
    held: { client: [0], thief: [], stranger: [], reader: [] },
    sent: 0,
    losses: 0,
    outages: 0,
    isRevoked: false,
    redemptions: [0],
    unknownTold: false,
    toldAfterEnd: false,
    toldStranger: false,
    clientRefused: false,
    reuseWithoutEnd: false,
    lateInARow: false,
    usedTold: false,
  }

  const exists = (state: RefreshState, token: number) => state.tokens[token]?.isStored === true
  const newest = (state: RefreshState, from: number): number => {
    const next = state.tokens[from]?.successor
    return next === null || next === undefined ? from : newest(state, next)
  }
  const judge = (state: RefreshState, index: number): RefreshUse => {
    const token = state.tokens[index] ?? first
    const use = judgeRefreshUse(
      {
        consumedAt: token.consumedAt === null ? undefined : token.consumedAt * 1000,
        isReplaced: token.successor !== null,
        isReissued: token.isReissued && guards.marksReissued,
      },
      state.now * 1000,
      graceTicks,
    )
    return use === 'late retry' && !guards.retriesLate ? 'reuse' : use
  }
  const withToken = (state: RefreshState, index: number, change: Partial<Token>): RefreshState => ({
    ...state,
    tokens: state.tokens.map((token, at) => (at === index ? { ...token, ...change } : token)),
  })
  const withRequest = (state: RefreshState, index: number, change: Partial<Request>): RefreshState => ({
    ...state,
    requests: state.requests.map((request, at) => (at === index ? { ...request, ...change } : request)),
  })
  const endGrant = (state: RefreshState): RefreshState => ({
    ...state,
    isGranted: false,
    tokens: state.tokens.map((token) => (guards.endsTokensWithGrant ? { ...token, isStored: false } : token)),
  })

  /** `redemption+issue`: redeem and issue. */
  const redeem = (state: RefreshState, index: number): { state: RefreshState; outcome: number | 'lost' | 'second' } => {
    if (!state.isGranted && guards.needsGrant) return { state, outcome: 'lost' }
    const token = state.tokens[index] ?? first
    const isFirst = token.consumedAt === null || !guards.redeemsOnce
    if (!isFirst && guards.issuesWithRedemption) return { state, outcome: 'second' }
    const issued = state.tokens.length
    const replaced = isFirst ? withToken(state, index, { consumedAt: state.now, successor: issued }) : state
    const counted = replaced.redemptions.map((count, at) => (at === index ? count + 1 : count))
    return {
      state: {
        ...replaced,
        tokens: [...replaced.tokens, { ...first, sealedUnder: guards.sealsSuccessors ? index : null }],
        redemptions: [...counted, 0],
      },
      outcome: issued,
    }
  }

  const reuse = (state: RefreshState): { state: RefreshState; answer: Answer } => {
    const ended = guards.endsGrantOnReuse ? endGrant(state) : state
    return { state: { ...ended, reuseWithoutEnd: state.reuseWithoutEnd || ended.isGranted }, answer: 'refused' }
  }

  const retry = (state: RefreshState, index: number, isLate: boolean): { state: RefreshState; answer: Answer } => {
    if (!exists(state, index)) return { state, answer: 'refused' }
    const successor = state.tokens[index]?.successor
    if (successor === null || successor === undefined) return { state, answer: 'refused' }
    if (!isLate) return { state, answer: newest(state, successor) }
    const isUnused = state.tokens[successor]?.consumedAt === null
    if (!isUnused && guards.reissuesUnused) return reuse(state)
    const marked = withToken(state, successor, { isReissued: true })
    const isSecondInARow = state.tokens[index]?.isReissued === true
    return {
      state: { ...marked, lateInARow: state.lateInARow || isSecondInARow, usedTold: state.usedTold || !isUnused },
      answer: successor,
    }
  }

  /** The request's whole commit, as `Redemption` does it. */
  const commit = (state: RefreshState, { token, use }: Request): { state: RefreshState; answer: Answer } => {
    switch (use) {
      case 'gone':
      case 'foreign':
        return { state, answer: 'refused' }
      case 'reuse':
        return reuse(state)
      case 'retry':
      case 'late retry':
        return retry(state, token, use === 'late retry')
      default: {
        const { state: redeemed, outcome } = redeem(state, token)
        if (outcome === 'lost') return { state, answer: 'refused' }
        if (outcome !== 'second') return { state: redeemed, answer: outcome }
        const now = judge(state, token)
        return now === 'reuse' ? reuse(state) : retry(state, token, now === 'late retry')
      }
    }
  }

  /** What the look-up finds. A used token whose successor was used too is shown to the engine as used. */
  const look = (state: RefreshState, { by, token }: Request): Request['use'] => {
    if (!exists(state, token) || (!state.isGranted && guards.needsGrant)) return 'gone'
    if (by === 'stranger' && guards.bindsClient) return 'foreign'
    const use = judge(state, token)
    if (use !== 'late retry' || !guards.reissuesUnused) return use
    const successor = state.tokens[token]?.successor ?? -1
    return state.tokens[successor]?.consumedAt === null ? use : 'reuse'
  }

  const tell = (state: RefreshState, index: number): RefreshState => {
    const { by, answer, isAfterEnd } = state.requests[index] as Request
    const rest = { ...state, requests: state.requests.filter((_request, at) => at !== index) }
    if (typeof answer !== 'number') {
      const isRefused = answer === 'refused' || answer === 'wrongly refused'
      return { ...rest, clientRefused: rest.clientRefused || (by === 'client' && isRefused) }
    }
    const held = { ...rest.held, [by]: [...new Set([...rest.held[by], answer])].sort() }
    return {
      ...rest,
      held,
      unknownTold: rest.unknownTold || answer >= state.tokens.length,
      toldAfterEnd: rest.toldAfterEnd || isAfterEnd,
      toldStranger: rest.toldStranger || by === 'stranger',
    }
  }

  function sends(state: RefreshState): Step<RefreshState>[] {
    if (state.sent >= bounds.requests || state.requests.length >= bounds.inFlight) return []
    // The honest client knows one token, the last that it was given. Thieves and strangers try what they have.
    const client = state.held.client.slice(-1).map((token) => ['client', token] as const)
    const thief = state.held.thief.map((token) => ['thief', token] as const)
    const stranger = state.held.stranger.map((token) => ['stranger', token] as const)
    return [...client, ...thief, ...stranger].map(([by, token]) => ({
      action: `send ${by} ${token}`,
      state: {
        ...state,
        sent: state.sent + 1,
        requests: [
          ...state.requests,
          { by, token, phase: 'sent', use: undefined, answer: 'pending', isAfterEnd: !state.isGranted },
        ],
      },
    }))
  }

  function serves(state: RefreshState): Step<RefreshState>[] {
    return state.requests.flatMap((request, index): Step<RefreshState>[] => {
      const label = `${index} ${request.by} ${request.token}`
      if (request.phase === 'sent') {
        return [
          { action: `look ${label}`, state: withRequest(state, index, { phase: 'looked', use: look(state, request) }) },
        ]
      }
      if (request.phase === 'looked') {
        const steps: Step<RefreshState>[] = []
        const { state: committed, answer } = commit(state, request)
        steps.push({
          action: `commit ${label}`,
          state: withRequest(committed, index, { phase: 'done', answer }),
        })
        if (state.outages < bounds.outages) {
          const failed: Answer = guards.tellsOutages ? 'put off' : 'wrongly refused'
          const away = { ...state, outages: state.outages + 1 }
          steps.push({ action: `fail ${label}`, state: withRequest(away, index, { phase: 'done', answer: failed }) })
        }
        if (!guards.commitsFirst && request.use === 'current') {
          const early = withRequest(state, index, { phase: 'done', answer: state.tokens.length })
          steps.push({ action: `answer early ${label}`, state: tell(early, index) })
        }
        return steps
      }
      const told: Step<RefreshState> = { action: `tell ${label}`, state: tell(state, index) }
      if (state.losses >= bounds.losses) return [told]
      const requests = state.requests.filter((_request, at) => at !== index)
      return [told, { action: `lose ${label}`, state: { ...state, losses: state.losses + 1, requests } }]
    })
  }

  function others(state: RefreshState): Step<RefreshState>[] {
    const steps: Step<RefreshState>[] = []
    if (state.now < bounds.ticks && (bounds.isSlow || state.requests.length === 0)) {
      steps.push({ action: 'tick', state: { ...state, now: state.now + 1 } })
    }
    if (bounds.theft && state.held.thief.length === 0) {
      for (const token of state.held.client) {
        steps.push({ action: `steal ${token}`, state: { ...state, held: { ...state.held, thief: [token] } } })
      }
    }
    if (bounds.theft && state.held.stranger.length === 0) {
      const held = { ...state.held, stranger: state.held.client.slice(-1) }
      steps.push({ action: 'leak to a stranger', state: { ...state, held } })
    }
    const opened = state.tokens.flatMap(({ isStored, sealedUnder }, at) =>
      isStored && (sealedUnder === null || state.held.reader.includes(sealedUnder)) ? [at] : [],
    )
    if (bounds.theft && opened.length > 0) {
      steps.push({ action: 'read the database', state: { ...state, held: { ...state.held, reader: opened } } })
    }
    if (bounds.revocation && state.isGranted) {
      steps.push({ action: 'revoke', state: { ...endGrant(state), isRevoked: true } })
    }
    return steps
  }

  return {
    initial,
    next: (state) => [...sends(state), ...serves(state), ...others(state)],
    invariants: {
      'I1 what was acknowledged is stored': (state) => !state.unknownTold,
      'I2 no refresh token is redeemed twice': ({ redemptions }) => redemptions.every((count) => count <= 1),
      'I2 a second use that is no retry ends the grant': (state) => !state.reuseWithoutEnd,
      'I2 a token that was used is handed out to nobody after the grace': (state) => !state.usedTold,
      'I2 two holders do not take turns': (state) => !state.lateInARow,
      'I3 nothing is issued to a request after the end of the grant': (state) => !state.toldAfterEnd,
      'I4 no token outlives its grant': ({ isGranted, tokens }) =>
        isGranted || tokens.every(({ isStored }) => !isStored),
      'I4 no successor without its redemption': ({ tokens, redemptions }) =>
        tokens.length - 1 === redemptions.reduce((sum, count) => sum + count, 0) &&
        tokens.slice(1).every((_token, at) => tokens.some(({ successor }) => successor === at + 1)),
      'I5 no other client is answered': (state) => !state.toldStranger,
      // With the bounds below, one answer at most is lost.
      'I6 a client that repeats what was not answered is never refused': (state) =>
        !state.clientRefused ||
        !state.isGranted ||
        state.isRevoked ||
        state.held.thief.length > 0 ||
        state.held.stranger.length > 0 ||
        bounds.isSlow,
      'I6 the grant of a client that is alone never ends by itself': (state) =>
        state.isGranted ||
        state.isRevoked ||
        state.held.thief.length > 0 ||
        state.held.stranger.length > 0 ||
        bounds.isSlow,
      'I7 who reads the database learns no token': ({ held }) => held.reader.length === 0,
    },
  }
}
