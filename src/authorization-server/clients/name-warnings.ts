/**
 * What a client's name could be mistaken for: a product people know, the operator, or an office of either. A name is text that anyone
 * can register, so a resemblance is never proof of anything; the consent page warns of it.
 */
import { displayText } from '../../platform/display-text.js'
import type { NameWarning } from '../views.js'
import { haveOneOwner, sharedHost } from './host-owners.js'
import { borrowedName } from './known-clients.js'
import { mixesScripts, resembles, skeletonsOf } from './name-skeleton.js'

/** What the operator is called. */
export interface OwnNames {
  /** The product's name: no client's name may contain it. */
  readonly product: string
  /** Names of resources. Often plain words, so only a whole name is mistaken for one. */
  readonly resources: readonly string[]
  /** Host names of the authorization server and its resources: documents below their domains are the operator's. */
  readonly hosts: readonly string[]
}

/** Hosts as URLs name them. */
export function ownNames(server: {
  readonly productName: string
  readonly issuer: string
  readonly resources: readonly { readonly name: string; readonly resource: string }[]
}): OwnNames {
  return {
    product: server.productName,
    resources: server.resources.map(({ name }) => name),
    hosts: [server.issuer, ...server.resources.map(({ resource }) => resource)].map((url) => new URL(url).hostname),
  }
}

/** Words that make a name sound like an office of the operator or of a maker. */
const officialWords = [
  'security',
  'support',
  'admin',
  'official',
  'verified',
  'verification',
  'account',
  'helpdesk',
  'trusted',
] as const

/** Words of other meaning that contain one of those. */
const otherWords = [
  'badminton',
  'accounting',
  'accountant',
  'accountability',
  'unofficial',
  'unsupported',
  'unverified',
]

/** Words that add nothing to a resource's name. */
const fillers = /\b(?:the|my|our|app|application|client|connector|server|service|team|mcp|inc|login|sign.?in)\b/giu

function isNamed(name: string, resource: string): boolean {
  const own = skeletonsOf(resource)
  return [name, name.replace(fillers, '')].some((spelling) =>
    skeletonsOf(spelling).some((skeleton) => own.includes(skeleton)),
  )
}

function officialWord(name: string): string | undefined {
  const rest = otherWords.reduce((text, word) => text.replace(new RegExp(word, 'gi'), ' '), name)
  const skeletons = skeletonsOf(rest)
  return officialWords.find((word) => resembles(skeletons, word))
}

/** Shorter names would be found in half of all words. */
const shortestProductName = 4

function ownName(name: string, { product, resources }: OwnNames): string | undefined {
  const isLong = skeletonsOf(product).every(({ length }) => length >= shortestProductName)
  if (isLong ? resembles(skeletonsOf(name), product) : isNamed(name, product)) return product
  return resources.find((resource) => isNamed(name, resource))
}

/**
 * What a name could be mistaken for, the worst first; `undefined` when there is nothing. `documentHost`: host name that the client's
 * metadata document was fetched from; absent for a client that registered itself.
 */
export function warningAbout(written: string, ownNames: OwnNames, documentHost?: string): NameWarning | undefined {
  // The judged name is the shown one: what is invisible or cut off deceives nobody.
  const name = displayText(written, 80)
  const evidence = documentHost === undefined || sharedHost(documentHost) !== undefined ? undefined : documentHost
  const product = borrowedName(name, evidence)
  if (product !== undefined) return { kind: 'product', name: product }
  if (evidence !== undefined && ownNames.hosts.some((host) => haveOneOwner(evidence, host))) return undefined
  const own = ownName(name, ownNames)
  if (own !== undefined) return { kind: 'operator', name: own }
  const word = officialWord(name)
  if (word !== undefined) return { kind: 'word', word }
  return mixesScripts(name) ? { kind: 'mixed-scripts' } : undefined
}
