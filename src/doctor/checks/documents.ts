/** Checks that apply to every published document. */
import type { MetadataCopy } from '../evidence.js'
import { answerOf, type DocumentFlaw, describeBody, describeExchange, type JsonObject } from '../exchange.js'
import { type Problem, problem, problemIf } from '../finding.js'
import type { ProblemCode } from '../problems/index.js'

/** A silent address is reported once, among the addresses that do not answer; an absent document is reported where it matters. */
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

/** Maximum cache lifetime of a document: a changed endpoint or key must reach clients within a day. */
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

/** The same for an address that only some clients use. */
export function spareFormProblems(copy: Form): Problem[] {
  const found = formProblems(copy)
  return 'flaw' in copy.reading
    ? found.map(({ title, seen }) => problem('spare-address-confuses', `${title}: ${seen}`))
    : found
}

/** Copies in the order of clients: those after the first document matter only to clients with a different order. */
export function allFormProblems(copies: readonly MetadataCopy[]): Problem[] {
  const first = copies.findIndex(({ reading }) => 'document' in reading)
  const isSpare = (index: number) => first !== -1 && index > first
  return copies.flatMap((copy, index) => (isSpare(index) ? spareFormProblems(copy) : formProblems(copy)))
}

/** A member normalised for comparison, without regard to order and to a trailing slash of `resource`: a server may echo either spelling. */
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

/** Describes which members differ between the first copy and the others. */
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
