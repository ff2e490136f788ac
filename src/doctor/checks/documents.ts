/** What every published document has to get right, whichever it is. */
import type { MetadataCopy } from '../evidence.js'
import { answerOf, type DocumentFlaw, describeBody, describeExchange, type JsonObject } from '../exchange.js'
import { type Problem, problem, problemIf } from '../finding.js'
import type { ProblemCode } from '../problems/index.js'

/** A silent address is reported once, among the addresses that do not answer; an absent one where it matters. */
const codes: Readonly<Record<DocumentFlaw, ProblemCode | undefined>> = {
  silence: undefined,
  absent: undefined,
  redirect: 'document-redirects',
  forbidden: 'document-forbidden',
  'server-error': 'document-server-error',
  html: 'document-is-html',
  'not-json': 'document-not-json',
  'too-long': 'document-too-long',
}

/** Longest time a document may be kept: a changed endpoint or key has to arrive within a day. */
const longestCachingSeconds = 86_400

function cachingSeconds(header: string | null): number {
  return Number(/(?:^|[\s,])max-age\s*=\s*"?(\d+)/i.exec(header ?? '')?.[1] ?? 0)
}

type Form = Pick<MetadataCopy, 'exchange' | 'reading'>

/** `copy.exchange` was read as `copy.reading`. */
export function formProblems({ exchange, reading }: Form): Problem[] {
  const answer = answerOf(exchange)
  if (answer === undefined) return []
  if ('flaw' in reading) {
    const code = codes[reading.flaw]
    const needsBody = reading.flaw === 'html' || reading.flaw === 'not-json'
    return code === undefined ? [] : [problem(code, needsBody ? describeBody(answer) : describeExchange(answer))]
  }
  const type = answer.headers.get('content-type') ?? 'no content type'
  const caching = answer.headers.get('cache-control')
  const { url } = exchange.request
  const isJson = /^application\/([\w.-]+\+)?json\b/i.test(type)
  return [
    ...problemIf(!isJson, 'document-wrong-type', `${url}: ${type}`),
    ...problemIf(
      cachingSeconds(caching) > longestCachingSeconds,
      'document-kept-long',
      `${url}: Cache-Control: ${caching}`,
    ),
  ]
}

/** The same for an address that only some clients ask. */
export function spareFormProblems(copy: Form): Problem[] {
  const found = formProblems(copy)
  return 'flaw' in copy.reading
    ? found.map(({ title, seen }) => problem('spare-address-confuses', `${title}: ${seen}`))
    : found
}

/** Copies in the order clients ask: what comes after the first document matters only to those with an order of their own. */
export function allFormProblems(copies: readonly MetadataCopy[]): Problem[] {
  const first = copies.findIndex(({ reading }) => 'document' in reading)
  const isSpare = (index: number) => first !== -1 && index > first
  return copies.flatMap((copy, index) => (isSpare(index) ? spareFormProblems(copy) : formProblems(copy)))
}

/** A member in a form in which order does not matter, nor the slash at the end of `resource`: a server may echo either spelling. */
function comparable(document: JsonObject, name: string): string {
  const member = document[name]
  if (name === 'resource' && typeof member === 'string') return member.replace(/\/$/, '')
  return (
    JSON.stringify(Array.isArray(member) ? member.map((entry) => JSON.stringify(entry)).sort() : member) ?? 'absent'
  )
}

function shown(document: JsonObject, name: string): string {
  return JSON.stringify(document[name]) ?? 'absent'
}

/** Which of the members say something else at another place than at the first, in words. */
export function disagreements(copies: readonly MetadataCopy[], members: readonly string[]): string[] {
  const found = copies.flatMap(({ reading, url }) =>
    'document' in reading ? [{ url, document: reading.document }] : [],
  )
  const [first, ...others] = found
  if (first === undefined) return []
  return others.flatMap(({ url, document }) =>
    members
      .filter((name) => comparable(first.document, name) !== comparable(document, name))
      .map((name) => `${name} is ${shown(first.document, name)} at ${first.url}, ${shown(document, name)} at ${url}`),
  )
}
