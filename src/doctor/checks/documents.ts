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

/** `copy.exchange` was read as `copy.reading`. */
export function formProblems(copy: Pick<MetadataCopy, 'exchange' | 'reading'>): Problem[] {
  const answer = answerOf(copy.exchange)
  if (answer === undefined) return []
  if ('flaw' in copy.reading) {
    const code = codes[copy.reading.flaw]
    const needsBody = copy.reading.flaw === 'html' || copy.reading.flaw === 'not-json'
    return code === undefined ? [] : [problem(code, needsBody ? describeBody(answer) : describeExchange(answer))]
  }
  const type = answer.headers.get('content-type') ?? 'no content type'
  const caching = answer.headers.get('cache-control')
  return [
    ...problemIf(
      !/^application\/([\w.-]+\+)?json\b/i.test(type),
      'document-wrong-type',
      `${copy.exchange.request.url}: ${type}`,
    ),
    ...problemIf(
      cachingSeconds(caching) > longestCachingSeconds,
      'document-kept-long',
      `${copy.exchange.request.url}: Cache-Control: ${caching}`,
    ),
  ]
}

/** The same members in the same words at every place; order does not matter. */
export function disagreements(copies: readonly MetadataCopy[], members: readonly string[]): string[] {
  const found = copies.flatMap(({ reading, url }) =>
    'document' in reading ? [{ url, document: reading.document }] : [],
  )
  const [first, ...others] = found
  if (first === undefined) return []
  const value = (document: JsonObject, name: string) => {
    const member = document[name]
    return (
      JSON.stringify(Array.isArray(member) ? member.map((entry) => JSON.stringify(entry)).sort() : member) ?? 'absent'
    )
  }
  return others.flatMap(({ url, document }) =>
    members
      .filter((name) => value(first.document, name) !== value(document, name))
      .map((name) => `${name} is ${shown(first.document, name)} at ${first.url}, ${shown(document, name)} at ${url}`),
  )
}

function shown(document: JsonObject, name: string): string {
  return JSON.stringify(document[name]) ?? 'absent'
}
