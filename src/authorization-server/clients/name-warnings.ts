/**
 * What a client's name could be mistaken for: a product people know, the operator, or an office of either. A name is text that anyone
 * can register, so a resemblance is never proof of anything; the consent page warns of it.
 */
import { displayText } from '../../base/display-text.js'
import { ownUrlsOf } from '../../oauth/own-hosts.js'
import type { NameWarning } from '../pages/views.js'
import { domainOf, hasOneOwner, haveOneOwner, ownersLabel, withoutSuffix } from './host-owners.js'
import { borrowedName } from './known-clients.js'
import {
  hasWord,
  isNamed,
  misspells,
  mixesScripts,
  resembles,
  skeletonsOf,
  skeletonsOfWord,
  withoutFillers,
} from './name-skeleton.js'
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

/** A family's host without the labels that stand for others. */
function ownerNaming(hostname: string): string {
  return hostname.replace(/^.*\*\./, '')
}

/** Hosts as URLs name them. */
export function ownNames(server: {
  readonly productName: string
  readonly issuer: string
  readonly resources: readonly {
    readonly name: string
    readonly url: string
    readonly aliases?: readonly string[] | undefined
  }[]
}): OwnNames {
  return {
    product: server.productName,
    resources: [...new Set(server.resources.map(({ name }) => name))],
    hosts: [...new Set(ownUrlsOf(server).map((url) => ownerNaming(new URL(url).hostname)))],
  }
}

/** Shorter names would be found in half of all words. */
const shortestProductName = 4

function ownName(name: string, { product, resources }: OwnNames): string | undefined {
  const isLong = skeletonsOfWord(product).every(({ length }) => length >= shortestProductName)
  if (isLong ? resembles(skeletonsOf(name), product) || misspells(name, product.toLowerCase()) : isNamed(name, product))
    return product
  return resources.find((resource) => isNamed(name, resource))
}

/** An own host, or the domain it is below, that stands in a text: in a name, or in front of another domain. */
function ownHost(text: string, ownNames: OwnNames): string | undefined {
  const skeletons = skeletonsOf(text)
  return placesOf(ownNames).hosts.find((host) => resembles(skeletons, host))
}

/** Labels of domains that say what is there and not whose it is: an operator at `notes.dev` must not make every "My notes" suspicious. */
const genericLabels: ReadonlySet<string> = new Set(
  `agent agents api app apps assistant auth bot browser calendar chat cloud code connect console corp data demo desktop dev developer
  developers docs drive editor files home host hosting hub info internal intranet lab labs local mail mcp media my net network notes
  office online open page pages platform play portal prod search secure server service services shop site software start store studio
  sync system systems task tasks team test tool tools web wiki work workspace`.split(/\s+/),
)
/** Shorter labels are abbreviations that others have, too. */
const shortestLabel = 3
/** Words of a company's or product's name beside its own. */
const companyWords =
  /\b(?:ai|assistant|agent|bot|cloud|platform|hub|connect|api|corp|corporation|company|co|ltd|gmbh|llc|hq|pro|plus|beta|online|enterprise|business|console|gateway|workspace|suite|security|support|admin|it|help.?desk)\b/giu
/** What is written together with a name: `AcmeAuth`, `myacme`. */
const affixes: ReadonlySet<string> = new Set(
  'my the get app apps auth oauth login signin id sso mcp account accounts client connector server web desktop mobile official team ai cloud hq pro online support security'
    .split(' ')
    .flatMap(skeletonsOfWord),
)

/** The operator's domains and what each is called, as far as that is a name: `acme` of `auth.acme.co.uk`. */
function labelsOf(hosts: readonly string[]): readonly Label[] {
  const owners = hosts.flatMap((host) => {
    const owner = ownersLabel(host)
    const isName = owner !== undefined && owner.label.length >= shortestLabel && !genericLabels.has(owner.label)
    return isName ? [[owner.domain, owner] as const] : []
  })
  return [...new Map(owners).values()]
}

interface Label {
  readonly label: string
  readonly domain: string
}

interface Places {
  /** Hosts, and the domains that they are below. */
  readonly hosts: readonly string[]
  readonly labels: readonly Label[]
}

const places = new WeakMap<OwnNames, Places>()

/** Beyond so many hosts their domains stand for them: what has a host's name in it has that of its domain in it. */
const mostHosts = 50

/** A deployment may have a thousand hosts below one domain. */
function placesOf(ownNames: OwnNames): Places {
  const known = places.get(ownNames)
  if (known !== undefined) return known
  const named = ownNames.hosts.flatMap((host) => {
    const domain = domainOf(host)
    return domain === undefined ? [] : [[host, domain] as const]
  })
  const hosts = new Set(named.length > mostHosts ? named.map(([, domain]) => domain) : named.flat())
  const found = { hosts: [...hosts], labels: labelsOf(ownNames.hosts) }
  places.set(ownNames, found)
  return found
}

function ownLabels(ownNames: OwnNames): readonly Label[] {
  return placesOf(ownNames).labels
}

/**
 * The operator's domain, when the whole name is what that is called: "Acme" or "Acme Auth" for auth.acme.com. More words make another
 * name ("Slack for Acme"): the product's name alone is protected inside of names.
 */
function ownDomain(name: string, ownNames: OwnNames): string | undefined {
  const rest = ownNames.resources.reduce((text, resource) => withoutWord(text, resource), name)
  const spellings = [name, rest, rest.replace(companyWords, ' ')]
  return ownLabels(ownNames).find(({ label }) => spellings.some((spelling) => isCalled(spelling, label)))?.domain
}

/** Without a resource's name at the end: "Acme Notes" of the resource "Notes" is the operator's. */
function withoutWord(text: string, word: string): string {
  const isAtEnd = text.toLowerCase().endsWith(` ${word.toLowerCase()}`)
  return isAtEnd ? text.slice(0, -word.length - 1) : text
}

function isCalled(name: string, label: string): boolean {
  const word = withoutFillers(name).trim()
  const isMisspelt = !/\s/.test(word) && word.toLowerCase() !== `${label}s` && misspells(word, label)
  return isNamed(name, label) || isMisspelt || skeletonsOf(name).some((skeleton) => isAffixed(skeleton, label))
}

function isAffixed(skeleton: string, label: string): boolean {
  return skeletonsOfWord(label).some(
    (plain) =>
      (skeleton.startsWith(plain) && affixes.has(skeleton.slice(plain.length))) ||
      (skeleton.endsWith(plain) && affixes.has(skeleton.slice(0, -plain.length))),
  )
}

/**
 * What a name could be mistaken for, the worst first; `undefined` when there is nothing. `documentHost`: host name that the client's
 * metadata document was fetched from; absent for a client that registered itself.
 */
export function warningAbout(written: string, ownNames: OwnNames, documentHost?: string): NameWarning | undefined {
  // The judged name is the shown one: what is invisible or cut off deceives nobody.
  const name = displayText(written, 80)
  const evidence = documentHost !== undefined && hasOneOwner(documentHost) ? documentHost : undefined
  const product = borrowedName(name, evidence)
  if (product !== undefined) return { kind: 'product', name: product }
  if (evidence !== undefined && ownNames.hosts.some((host) => haveOneOwner(evidence, host))) return undefined
  const own = ownName(name, ownNames) ?? ownHost(name, ownNames) ?? ownDomain(name, ownNames)
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
  const written = withoutSuffix(host)
  const own = ownHost(host, ownNames) ?? ownLabels(ownNames).find(({ label }) => hasWord(written, label))?.domain
  return own === undefined ? undefined : { kind: 'operator', name: own }
}
