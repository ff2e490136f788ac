/**
 * Checks every acknowledged fact against the servers, when a fault is over: the invariants I1 to I7 (I8, readiness, is watched
 * while it happens). Returns what was broken, in words; an empty list is what a trusted server leaves.
 */
import pg from 'pg'
import { eventually } from '../support/eventually.js'
import { callTool, structured } from '../support/mcp-request.js'
import { type Grant, redeem, refresh, type TokenAnswer } from '../support/oauth-client.js'
import { readFacts, secretsOf, type WrittenFact } from './facts.js'
import { isPutOff } from './load.js'
import { processes, type World } from './world.js'

type FactOf<Kind extends WrittenFact['kind']> = Extract<WrittenFact, { readonly kind: Kind }>

interface Case {
  readonly world: World
  readonly grant: Grant
  readonly facts: readonly WrittenFact[]
}

function factsOf<Kind extends WrittenFact['kind']>(facts: readonly WrittenFact[], kind: Kind): FactOf<Kind>[] {
  return facts.filter((fact): fact is FactOf<Kind> => fact.kind === kind)
}

/** What `check` says of each, a few at a time. */
async function eachOf<T>(all: readonly T[], check: (one: T) => Promise<string | undefined>): Promise<string[]> {
  const found: string[] = []
  const rest = [...all]
  const worker = async () => {
    for (let one = rest.shift(); one !== undefined; one = rest.shift()) {
      const breach = await check(one).catch((error: unknown) => `could not be asked: ${String(error)}`)
      if (breach !== undefined) found.push(breach)
    }
  }
  await Promise.all(Array.from({ length: 6 }, worker))
  return found
}

/** I1: the client is still registered. */
async function registered({ url, token }: FactOf<'client'>): Promise<string | undefined> {
  const { status } = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  return status === 200 ? undefined : `I1: a registered client is lost (${status})`
}

async function untilAnswered(ask: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
  let answer = await ask()
  if (isPutOff(answer)) {
    await eventually(async () => {
      answer = await ask()
      return !isPutOff(answer)
    })
  }
  return answer
}

/** Seconds a code lives; younger ones must still be good. */
const codeSeconds = 60

/** I1: a code that was issued can be redeemed; I2: once. */
function codeIsGoodOnce({ grant }: Case) {
  return async ({ code, codeVerifier, at }: FactOf<'code'>): Promise<string | undefined> => {
    if (Date.now() - at > (codeSeconds - 15) * 1_000) return undefined
    const { status, error } = await untilAnswered(() => redeem(grant, code, codeVerifier))
    if (status !== 200) return `I1: an issued code is lost (${error})`
    const again = await untilAnswered(() => redeem(grant, code, codeVerifier))
    return again.error === 'invalid_grant' ? undefined : `I2: a code was redeemed twice (${again.status})`
  }
}

/** I2: a code that was redeemed is used up. */
function codeIsUsedUp({ grant }: Case) {
  return async ({ code, codeVerifier }: FactOf<'redeemed'>): Promise<string | undefined> => {
    const { status, error } = await untilAnswered(() => redeem(grant, code, codeVerifier))
    return error === 'invalid_grant' ? undefined : `I2: a redeemed code was redeemed again (${status})`
  }
}

/** I1, and no honest grant revoked: the chain goes on from the last token whose receipt was acknowledged. */
function familyLives({ grant, world }: Case) {
  return async (tokens: FactOf<'tokens'>): Promise<string | undefined> => {
    const answer = await untilAnswered(() => refresh(grant, tokens.refreshToken))
    if (answer.tokens === undefined) return `I1: the family ${tokens.family} is lost (${answer.error})`
    const call = await callTool(world.resource, answer.tokens.access_token, 'whoami')
    return call.status === 200 ? undefined : `a token that was just issued is refused (${call.status})`
  }
}

/** I3, I4: what was revoked stays so, here and at the resource server. */
function staysRevoked({ grant, world }: Case) {
  return async ({ refreshToken, accessToken }: FactOf<'revoked'>): Promise<string | undefined> => {
    const { error, status } = await untilAnswered(() => refresh(grant, refreshToken))
    if (error !== 'invalid_grant') return `I3: a revoked refresh token was answered ${status}`
    const isRefused = async () => (await callTool(world.resource, accessToken, 'whoami')).status === 401
    return eventually(isRefused).then(
      () => undefined,
      () => 'I3: a revoked access token is still accepted',
    )
  }
}

async function notesOf(world: World, token: string): Promise<Set<string>> {
  const titles = new Set<string>()
  let cursor: unknown
  do {
    const page = structured(
      await callTool(world.resource, token, 'list_notes', { limit: 100, ...(cursor ? { cursor } : {}) }),
    )
    for (const { title } of page['notes'] as { title: string }[]) titles.add(title)
    cursor = page['nextCursor']
  } while (typeof cursor === 'string')
  return titles
}

/** I1: every note is there; I5: everybody sees their own ones and nobody else's. */
async function notesAreWhole({ world, grant, facts }: Case): Promise<string[]> {
  const breaches: string[] = []
  for (const person of ['ada', 'grace'] as const) {
    const last = factsOf(facts, 'tokens').findLast((fact) => fact.person === person)
    if (last === undefined) continue
    const { tokens } = await untilAnswered(() => refresh(grant, last.refreshToken))
    const seen = await notesOf(world, tokens?.access_token ?? '')
    const written = factsOf(facts, 'note').filter((fact) => fact.person === person)
    const lost = written.filter(({ title }) => !seen.has(title)).length
    if (lost > 0) breaches.push(`I1: ${lost} of ${written.length} notes of ${person} are lost`)
    const foreign = [...seen].filter((title) => !title.startsWith(`${person}'s`)).length
    if (foreign > 0) breaches.push(`I5: ${person} sees ${foreign} notes of somebody else`)
  }
  return breaches
}

/** I2, I4, as the tables say it: one live refresh token for a grant at most, and none without a grant. */
async function tablesAreSound({ databaseUrl }: World): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const doubled = await client.query(
      `SELECT grant_id FROM artifacts WHERE model = 'RefreshToken' AND consumed_at IS NULL GROUP BY grant_id HAVING count(*) > 1`,
    )
    const orphaned = await client.query(
      `SELECT FROM artifacts WHERE model IN ('RefreshToken', 'AuthorizationCode') AND (grant_id IS NULL OR NOT EXISTS (SELECT FROM grants WHERE id = grant_id))`,
    )
    return [
      ...(doubled.rowCount === 0 ? [] : [`I2: ${doubled.rowCount} grants have more than one live refresh token`]),
      ...(orphaned.rowCount === 0 ? [] : [`I4: ${orphaned.rowCount} credentials have no grant`]),
    ]
  } finally {
    await client.end()
  }
}

/** I6: nothing but 503 with Retry-After, ever. */
function answersAreHonest({ front, mcpFront }: World): string[] {
  const wrong = [...front.answers, ...mcpFront.answers].filter(
    ({ status, retryAfter }) => status >= 500 && !(status === 503 && Number(retryAfter) > 0),
  )
  return [...new Set(wrong.map(({ status, path }) => `I6: ${path.replace(/[\w-]{20,}/g, ':id')} answered ${status}`))]
}

/** I7, and that nobody tripped over something unforeseen. */
function logsAreClean(world: World, facts: readonly WrittenFact[]): string[] {
  const secrets = secretsOf(facts)
  for (const { password } of Object.values(world.accounts)) secrets.add(password)
  return processes(world).flatMap((process) => {
    const output = process.output()
    const words = new Set(output.match(/[\w-]{20,}/g))
    const told = [...secrets].filter((secret) => (secret.includes(' ') ? output.includes(secret) : words.has(secret)))
    const unforeseen = /unhandled rejection|uncaught exception/.exec(output)
    return [
      ...(told.length === 0 ? [] : [`I7: ${told.length} secrets stand in a log`]),
      ...(unforeseen === null ? [] : [`the log says: ${unforeseen[0]}`]),
    ]
  })
}

/** Everything about the facts in a file. The last word: it ends families whose codes it tries again. */
export async function judge(world: World, grant: Grant, file: string): Promise<string[]> {
  const facts = readFacts(file)
  const all: Case = { world, grant, facts }
  const newest = new Map(factsOf(facts, 'tokens').map((fact) => [fact.family, fact]))
  const dead = processes(world).filter((process) => !process.isRunning).length
  return [
    ...(dead === 0 ? [] : [`${dead} processes have ended`]),
    ...(await eachOf(factsOf(facts, 'code'), codeIsGoodOnce(all))),
    ...(await tablesAreSound(world)),
    ...(await eachOf([...newest.values()], familyLives(all))),
    ...(await notesAreWhole(all)),
    ...(await eachOf(factsOf(facts, 'client'), registered)),
    ...(await eachOf(factsOf(facts, 'revoked'), staysRevoked(all))),
    ...(await eachOf(factsOf(facts, 'redeemed'), codeIsUsedUp(all))),
    ...answersAreHonest(world),
    ...logsAreClean(world, facts),
  ]
}
