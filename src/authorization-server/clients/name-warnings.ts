/**
 * What a client's name could be mistaken for: a product people know, the operator, or an office of either. A name is text that anyone
 * can register, so a resemblance is never proof of anything; the consent page warns of it.
 */
import { displayText } from '../../base/display-text.js'
import { ownUrlsOf } from '../../oauth/own-hosts.js'
import type { NameWarning } from '../pages/views.js'
import { domainOf, haveOneOwner, sharedHost } from './host-owners.js'
import { borrowedName } from './known-clients.js'
import { isNamed, misspells, mixesScripts, resembles, skeletonsOf } from './name-skeleton.js'
import { officialWord } from './official-words.js'

/** Names of the operator. */
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
  readonly resources: readonly {
    readonly name: string
    readonly resource: string
    readonly aliases?: readonly string[] | undefined
  }[]
}): OwnNames {
  return {
    product: server.productName,
    resources: server.resources.map(({ name }) => name),
    hosts: [...new Set(ownUrlsOf(server).map((url) => new URL(url).hostname))],
  }
}

/** Shorter names would be found in half of all words. */
const shortestProductName = 4

function ownName(name: string, { product, resources }: OwnNames): string | undefined {
  const isLong = skeletonsOf(product).every(({ length }) => length >= shortestProductName)
  if (isLong ? resembles(skeletonsOf(name), product) || misspells(name, product.toLowerCase()) : isNamed(name, product))
    return product
  return resources.find((resource) => isNamed(name, resource))
}

/** An own host, or the domain it is below, that stands in a text: in a name, or in front of another domain. */
function ownHost(text: string, { hosts }: OwnNames): string | undefined {
  const skeletons = skeletonsOf(text)
  const named = hosts.flatMap((host) => {
    const domain = domainOf(host)
    return domain === undefined ? [] : [host, domain]
  })
  return named.find((host) => resembles(skeletons, host))
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
  const own = ownName(name, ownNames) ?? ownHost(name, ownNames)
  if (own !== undefined) return { kind: 'operator', name: own }
  const word = officialWord(name)
  if (word !== undefined) return { kind: 'word', word }
  if (mixesScripts(name)) return { kind: 'mixed-scripts' }
  return evidence === undefined ? undefined : imitation(evidence, ownNames)
}

/** What a host's own name could be mistaken for: `claude.ai.example.com` is read from its beginning. */
function imitation(host: string, ownNames: OwnNames): NameWarning | undefined {
  const product = borrowedName(host, host)
  if (product !== undefined) return { kind: 'product', name: product }
  const own = ownHost(host, ownNames)
  return own === undefined ? undefined : { kind: 'operator', name: own }
}
