/**
 * Rules of resources, found by URI. A server may look up a URI literally or as normalised by a URL parser, so both spellings are checked,
 * and templates (RFC 6570) match too much rather than too little: rules must cover everything that a server would serve.
 */
import { canParseUrl } from '../oauth/url.js'
import type { OperationRule } from './operation-rule.js'

/** Longer URIs are not matched against templates, which could be slow: all templates apply. */
const longestCompared = 4_096

interface TemplateRule {
  readonly template: string
  readonly pattern: RegExp
  readonly rule: OperationRule
}

function escapeLiteral(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}

/** A plain `{variable}` stays within its path segment; every other expression may match anything. */
function patternOf(template: string): RegExp {
  const source = template
    .split(/(\{[^{}]*\})/)
    .map((part) => {
      if (!part.startsWith('{')) return escapeLiteral(part)
      return /^\{\w+\}$/.test(part) ? '[^/]*' : '.*'
    })
    .join('')
  return new RegExp(`^${source}$`, 'is')
}

/** Both spellings under which a server may know a URI. */
function spellings(uri: string): readonly string[] {
  const parsed = canParseUrl(uri) ? new URL(uri).href : uri
  return parsed === uri ? [uri] : [uri, parsed]
}

/** Looks up the rules of a URI, or of a template as declared. All of them apply. */
export function resourceRules(
  rules: Readonly<Record<string, OperationRule>> = {},
): (uri: string) => readonly OperationRule[] {
  const entries = Object.entries(rules)
  const exact = new Map(entries.flatMap(([uri, rule]) => spellings(uri).map((spelling) => [spelling, rule] as const)))
  const templates: readonly TemplateRule[] = entries
    .filter(([uri]) => /\{[^{}]*\}/.test(uri))
    .map(([template, rule]) => ({ template, pattern: patternOf(template), rule }))
  const rulesOfSpelling = (uri: string) => {
    const own = exact.get(uri)
    if (own !== undefined) return [own]
    return templates.filter(({ pattern }) => uri.length > longestCompared || pattern.test(uri)).map(({ rule }) => rule)
  }
  return (uri) => [...new Set(spellings(uri).flatMap(rulesOfSpelling))]
}
