/**
 * Families of resources: `https://*.mcp.example.com/*` declares every URL that it matches. One `*` matches exactly one label of the host or
 * one segment of the path. Each match is a separate resource, with its own exact identifier. Everything here works on canonical identifiers
 * (`canonicalResource`).
 */
import { getDomain, getPublicSuffix } from 'tldts'
import { isLoopbackHost } from './redirect-uri.js'
import { canonicalResource } from './resource.js'
import { canParseUrl } from './url.js'

/** The parts of a URL or pattern that matching uses. */
interface Parts {
  readonly scheme: string
  readonly labels: readonly string[]
  /** Empty: the default of the scheme. */
  readonly port: string
  readonly segments: readonly string[]
}

/** RFC 1034 §3.5, as the URL parser writes it. */
const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** RFC 3986 §2.3. `%` could encode a slash or a dot, and a segment of dots would change the path. */
const pathSegment = /^(?!\.+$)[A-Za-z0-9._~-]+$/
/** Longer than any legitimate identifier. */
const longestIdentifier = 2_048

const form = /^(https?):\/\/([^/?#@[\]]*?)(?::(\d+))?(?:\/([^?#]*))?$/

/** `undefined` for a URL with a query, a fragment, user information or an IPv6 address. */
function partsOf(canonical: string): Parts | undefined {
  const [, scheme, host, port = '', path] = form.exec(canonical) ?? []
  if (scheme === undefined || host === undefined) return undefined
  return { scheme, labels: host.split('.'), port, segments: path === undefined ? [] : path.split('/') }
}

/** The number of `*` in a pattern; `{1}` to `{n}` refer to them in texts. 0: not a pattern. */
export function wildcardsIn(pattern: string): number {
  return pattern.split('*').length - 1
}

/** The length of the literal part of a pattern: of several matching patterns, the longest wins. */
function literalLength(pattern: string): number {
  return pattern.length - wildcardsIn(pattern)
}

/** The part of the host after the last `*`: its owner owns every match. */
function ownedPart(labels: readonly string[]): string {
  return labels.slice(labels.lastIndexOf('*') + 1).join('.')
}

function isIpAddress(labels: readonly string[]): boolean {
  return /^\d+$/.test(labels.at(-1) ?? '')
}

/** `localhost` and names below it never leave the machine (RFC 6761 §6.3). */
function isLocal(host: string): boolean {
  return isLoopbackHost(host) || host.endsWith('.localhost')
}

function hostMistakes(labels: readonly string[], scheme: string): string[] {
  const owned = ownedPart(labels)
  if (isIpAddress(labels)) return ['cannot match an IP address']
  const found: string[] = []
  if (labels.some((label) => label !== '*' && !hostLabel.test(label))) found.push('has a host that is no host name')
  if (scheme === 'http' && !isLocal(labels.join('.'))) found.push('must be an https URL')
  const isOpen = labels.includes('*') && !isLocal(`x.${owned}`) && getDomain(owned, suffixRules) === null
  if (isOpen) {
    const everybody = owned === '' ? 'every host' : `names below the public suffix ${owned}, which anybody can have`
    found.push(`would match ${everybody}`)
  }
  return found
}

/** Includes private suffixes such as `github.io`, below which anybody can register names. */
const suffixRules = { allowPrivateDomains: true } as const

/** The mistakes in a pattern, as sentences without their subject, the pattern; empty for a valid one. */
export function patternMistakes(pattern: string, issuer: string): string[] {
  if (/[^!-~]/.test(pattern)) return ['holds a character that no URL has']
  const parts = canParseUrl(pattern) ? partsOf(canonicalResource(pattern) ?? '') : undefined
  if (parts === undefined) return ['must be an https URL without query, fragment and user information']
  const { labels, segments, scheme } = parts
  if (wildcardsIn(pattern) === 0) return ['has no *, so it is a URL: write url']
  const found = hostMistakes(labels, scheme)
  if ([...labels, ...segments].some((part) => part !== '*' && part.includes('*'))) {
    found.push('must have * as a whole label of the host or a whole segment of the path')
  }
  if (segments.some((segment) => segment === '')) found.push('has an empty segment in its path')
  else if (segments.some((segment) => !segment.includes('*') && !pathSegment.test(segment))) {
    found.push('must have a path of letters, digits, "-", ".", "_" and "~"')
  }
  if (found.length === 0 && capturesOf(parts, partsOf(canonicalResource(issuer) ?? '')) !== undefined) {
    found.push(`matches the issuer ${issuer}`)
  }
  return found
}

/** The matches of each `*`, from left to right; `undefined` if the pattern does not match. */
function capturesOf(pattern: Parts, parts: Parts | undefined): readonly string[] | undefined {
  if (parts === undefined || parts.scheme !== pattern.scheme || parts.port !== pattern.port) return undefined
  if (parts.labels.length !== pattern.labels.length || parts.segments.length !== pattern.segments.length)
    return undefined
  const captures: string[] = []
  const takes = (given: readonly string[], allowed: RegExp) => (expected: string, index: number) => {
    const part = given[index] ?? ''
    if (expected !== '*') return expected === part
    captures.push(part)
    return allowed.test(part)
  }
  const matches =
    pattern.labels.every(takes(parts.labels, hostLabel)) && pattern.segments.every(takes(parts.segments, pathSegment))
  return matches ? captures : undefined
}

/** Hosts that a `*` never matches. */
function isKeptOut({ labels }: Parts, pattern: Parts, issuerHost: string): boolean {
  if (!pattern.labels.includes('*')) return false
  const host = labels.join('.')
  return host === issuerHost || isIpAddress(labels) || (!isLocal(host) && getPublicSuffix(host, suffixRules) === host)
}

export interface PatternMatch<T> {
  readonly value: T
  /** The values of `{1}`, `{2}`, …. */
  readonly captures: readonly string[]
}

interface Leaf<T> {
  readonly parts: Parts
  readonly value: T
  readonly literal: number
}

interface Node<T> {
  readonly next: Map<string, Node<T>>
  leaf?: Leaf<T>
}

/** The steps in the tree, from the parts that most patterns share to those where they differ. */
function stepsOf({ scheme, labels, port, segments }: Parts): readonly string[] {
  return [scheme, ...[...labels].reverse(), `:${port}`, ...segments.map((segment) => `/${segment}`)]
}

/** The steps for any label and any segment; identifiers never contain spaces. */
const wildcards = { label: ' *', segment: ' /*' } as const

/** The wildcard step that matches this step; `undefined` if none does. */
function wildcardFor(step: string): string | undefined {
  if (step.startsWith('/')) return pathSegment.test(step.slice(1)) ? wildcards.segment : undefined
  return hostLabel.test(step) ? wildcards.label : undefined
}

/** All matching patterns, the one with the longest literal part first. */
function leavesFor<T>(root: Node<T>, steps: readonly string[]): readonly Leaf<T>[] {
  let places: readonly Node<T>[] = [root]
  for (const step of steps) {
    const wildcard = wildcardFor(step)
    const following = (name: string | undefined) =>
      places.flatMap(({ next }) => (name === undefined ? [] : (next.get(name) ?? [])))
    places = [...following(step), ...following(wildcard)]
    if (places.length === 0) return []
  }
  return places.flatMap(({ leaf }) => leaf ?? []).sort((one, other) => other.literal - one.literal)
}

/**
 * Finds the pattern of a canonical identifier. `patterns` must be valid. `issuer`: a wildcard never matches its host, and no pattern
 * matches its URL. The time does not grow with the number of patterns.
 */
export function createPatternMatcher<T>(
  patterns: readonly { readonly pattern: string; readonly value: T }[],
  issuer: string | undefined,
): (identifier: string) => PatternMatch<T> | undefined {
  const root: Node<T> = { next: new Map() }
  for (const { pattern, value } of patterns) {
    const parts = partsOf(canonicalResource(pattern) ?? '')
    if (parts === undefined) continue
    let node = root
    for (const written of stepsOf(parts)) {
      const step = written === '*' || written === '/*' ? ` ${written}` : written
      const following: Node<T> = node.next.get(step) ?? { next: new Map() }
      node.next.set(step, following)
      node = following
    }
    node.leaf ??= { parts, value, literal: literalLength(pattern) }
  }
  const ownUrl = issuer === undefined ? undefined : canonicalResource(issuer)
  const ownHost = ownUrl === undefined ? '' : new URL(ownUrl).hostname
  if (patterns.length === 0) return () => undefined
  return (identifier) => {
    if (identifier.length > longestIdentifier || identifier === ownUrl) return undefined
    const parts = partsOf(identifier)
    if (parts === undefined) return undefined
    const leaf = leavesFor(root, stepsOf(parts)).find((each) => !isKeptOut(parts, each.parts, ownHost))
    return leaf === undefined ? undefined : { value: leaf.value, captures: capturesOf(leaf.parts, parts) ?? [] }
  }
}

/** A regular expression equivalent to a pattern, with the same meaning in PostgreSQL and JavaScript. */
export function patternExpression(pattern: string): string {
  const parts = partsOf(pattern)
  if (parts === undefined) throw new TypeError(`${pattern} is no pattern`)
  const { scheme, labels, port, segments } = parts
  const written = (allowed: string) => (part: string) =>
    part === '*' ? allowed : part.replace(/[^A-Za-z0-9]/g, (sign) => `[${sign}]`)
  const host = labels.map(written('[a-z0-9](?:[a-z0-9-]*[a-z0-9])?')).join('[.]')
  const path = segments.map((segment) => `/${written('(?![.]+(?:/|$))[A-Za-z0-9._~-]+')(segment)}`).join('')
  return `^${scheme}://${host}${port === '' ? '' : `:${port}`}${path}$`
}

/** Replaces `{1}`, `{2}`, … in a text. A number that the pattern does not have is unchanged. */
export function withCaptures(text: string, captures: readonly string[]): string {
  return text.replace(/\{([1-9]\d?)\}/g, (written, number: string) => captures[Number(number) - 1] ?? written)
}
