/** What a browser brings back: form tokens, stamps of pages, and the cookie by which a browser is known to an account. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import Koa from 'koa'
import {
  createDecisionGuard,
  type DecisionStep,
} from '../../../src/authorization-server/interactions/decision-guard.js'
import { createKnownBrowsers } from '../../../src/authorization-server/login/known-browsers.js'
import { createCsrfProtection } from '../../../src/authorization-server/pages/csrf.js'
import type { HttpContext } from '../../../src/http/context.js'
import { normalizeEmail } from '../../../src/storage/accounts/accounts.js'
import type { KeyRing } from '../../../src/storage/keys/key-ring.js'
import { type FuzzTarget, headerTextOf, insist, insistEqual, linesOf } from '../target.js'

const origin = 'https://auth.example'
const startMs = 1_800_000_000_000
let nowMs = startMs
const clock = { now: () => new Date(nowMs) }
const app = new Koa()

/** `keys`: the first makes, all are accepted. */
function ringOf(...keys: readonly string[]): Pick<KeyRing, 'follow'> {
  const follow = (listener: (keys: { readonly cookie: readonly string[] }) => void) => listener({ cookie: keys })
  return { follow } as unknown as Pick<KeyRing, 'follow'>
}

const csrf = createCsrfProtection(ringOf('current', 'former'), origin)
const formerCsrf = createCsrfProtection(ringOf('former'), origin)
const strangerCsrf = createCsrfProtection(ringOf('of somebody else'), origin)
const guard = createDecisionGuard(csrf, clock)
const browsers = createKnownBrowsers(ringOf('current', 'former'), origin, clock)
const passwordHash = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'
const account = { id: 'ada', passwordHash, disabledAt: undefined, changedAt: new Date(0) }
const cookieName = '__Host-gatehouse_known_browser'

/** A request as the server's own framework gives it to middleware; `sets` collects the cookies of the answer. */
function requestWith(headers: Readonly<Record<string, string>>): {
  readonly ctx: HttpContext
  readonly sets: string[]
} {
  const sets: string[] = []
  const req = { headers, socket: { encrypted: true } } as unknown as IncomingMessage
  const res = {
    getHeader: () => undefined,
    setHeader: (_name: string, values: readonly string[]) => void sets.push(...values),
    req,
  } as unknown as ServerResponse
  const ctx = app.createContext(req, res) as unknown as HttpContext
  Object.assign(ctx.state, { basePath: '' })
  return { ctx, sets }
}

/** The cookie of a browser in which the person signed in, on top of what it had. */
function remembered(email: string, cookie = ''): string {
  const { ctx, sets } = requestWith({ cookie })
  browsers.remember(ctx, email, passwordHash)
  insistEqual(sets.length, 1, 'one cookie is set')
  const [set = ''] = sets
  // RFC 6265 §6.1: longer ones are thrown away, and the person would be a stranger for good.
  insist(Buffer.byteLength(set) <= 4_096, 'what is remembered fits into a cookie', set)
  return set.split(';')[0]?.slice(cookieName.length + 1) ?? ''
}

function stampAt(ageMs: number, step: DecisionStep, uid = 'uid'): string {
  nowMs = startMs - ageMs
  const stamp = guard.stamp(uid, step)
  nowMs = startMs
  return stamp
}

const ripe: Readonly<Record<DecisionStep, string>> = { ask: stampAt(5_000, 'ask'), confirm: stampAt(5_000, 'confirm') }
const young: Readonly<Record<DecisionStep, string>> = { ask: stampAt(500, 'ask'), confirm: stampAt(500, 'confirm') }
const stamps = [...Object.values(ripe), ...Object.values(young)]
const tokens = [csrf.tokenFor('uid'), formerCsrf.tokenFor('uid')]
const proof = remembered('ada@example.com')

/** Words of an input that stand for what only the server can make: the engine changes what is around and inside them. */
const words: Readonly<Record<string, string>> = {
  '{token}': tokens[0] ?? '',
  '{former}': tokens[1] ?? '',
  '{elsewhere}': csrf.tokenFor('another uid'),
  '{stranger}': strangerCsrf.tokenFor('uid'),
  '{ask}': ripe.ask,
  '{confirm}': ripe.confirm,
  '{young-ask}': young.ask,
  '{young-confirm}': young.confirm,
  '{other-ask}': stampAt(5_000, 'ask', 'another uid'),
  '{number}': guard.numberFor(ripe.confirm),
  '{proof}': proof,
}
const filledIn = (text: string) => text.replace(/\{[a-z-]+\}/g, (word) => words[word] ?? word)

function checkToken(ctx: HttpContext, token: string, isHonest: boolean): void {
  insistEqual(
    csrf.accepts(ctx, 'uid', token),
    isHonest && tokens.includes(token),
    'our token, from our own page',
    token,
  )
  insist(!csrf.accepts(ctx, 'uid', undefined), 'no token is no token')
  insistEqual(csrf.isFromElsewhere(ctx), !isHonest, 'another site is another site', ctx.headers)
}

function checkDecision(ctx: HttpContext, form: URLSearchParams, isHonest: boolean): void {
  const shown = form.get('shown') ?? ''
  const isStamped = isHonest && stamps.includes(shown)
  insistEqual(guard.stepOf(ctx, 'uid', form) !== undefined, isStamped, 'a page that we made, for this sign-in', shown)
  const word = form.get('deliberate')
  for (const asksTwice of [true, false]) {
    const ruling = guard.rule(ctx, 'uid', form, asksTwice)
    if (word === '0') insist(ruling !== 'deliberate', 'a press that came with the page decides nothing', shown)
    if (ruling !== 'deliberate' || word === '1') continue
    const isRipe = isStamped && Object.values(ripe).includes(shown)
    insist(isRipe, 'a page that was there for a second', shown, word)
    if (!asksTwice) continue
    insistEqual(shown, ripe.confirm, 'the second page')
    insist(
      word === 'unsure' || form.get('number')?.trim() === guard.numberFor(ripe.confirm),
      'the number, where no script ran',
      word,
    )
  }
}

function checkKnownBrowser(ctx: HttpContext, cookie: string, email: string): void {
  const known = browsers.recognize(ctx, email, account)
  const isHers = normalizeEmail(email) === 'ada@example.com'
  if (known !== undefined) insist(isHers && cookie.includes(proof), 'a proof of ours, for its own account', email)
  const kept = `${cookieName}=${remembered(email, cookie)}`
  const again = browsers.recognize(requestWith({ cookie: kept }).ctx, email, account)
  insist(again !== undefined && (known === undefined || again.id === known.id), 'who signed in is known', email, kept)
  if (!isHers && kept.includes(proof)) {
    const hers = browsers.recognize(requestWith({ cookie: kept }).ctx, 'ada@example.com', account)
    insist(hers !== undefined, 'the proofs of others stay', kept)
  }
}

export const formToken: FuzzTarget = {
  name: 'form-token',
  surface: 'form tokens, stamps of pages, cookies of known browsers: only what we made, for what we made it',
  maxBytes: 8_192,
  dictionary: [
    ...Object.keys(words),
    'shown=',
    '&deliberate=1',
    '&deliberate=0',
    '&deliberate=unsure',
    '&number={number}',
    'ask.1800000000000.',
    'confirm.',
    origin,
    'same-origin',
    'cross-site',
    'none',
    `${cookieName}=`,
    '~',
    ';',
    'ada@example.com',
  ],
  check: (input) => {
    const [site = '', from = '', token = '', fields = '', cookies = '', email = ''] = linesOf(input, 6).map(filledIn)
    const cookie = headerTextOf(Buffer.from(cookies))
    const headers = {
      origin: headerTextOf(Buffer.from(from)),
      'sec-fetch-site': headerTextOf(Buffer.from(site)),
      cookie,
    }
    const isHonest =
      ['', origin].includes(headers.origin) && ['', 'same-origin', 'none'].includes(headers['sec-fetch-site'])
    const { ctx } = requestWith(headers)
    checkToken(ctx, token, isHonest)
    checkDecision(ctx, new URLSearchParams(fields), isHonest)
    checkKnownBrowser(ctx, cookie, email)
  },
}
