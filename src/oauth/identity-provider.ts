/**
 * Identity providers that people sign in with, in place of a password here: what the operator says of each, and what its preset adds.
 * Data and rules; authorization-server/identity-providers/ plays the client of one. Pure.
 */
import { canParseUrl } from './url.js'

/** Products whose issuer, scopes or ways are known. */
export const providerPresets = ['entra', 'google', 'github', 'gatehouse'] as const

export type ProviderPreset = (typeof providerPresets)[number]

export interface IdentityProvider {
  /** Name in paths: `work` of `/sign-in/work/callback`. Unique. */
  readonly id: string
  /** For people: `Continue with <name>`. */
  readonly name: string
  /**
   * Exact `issuer` of its metadata; of GitHub the site. Entra without a tenant has one for each: it stands for all of them
   * (`isManyIssuers`).
   */
  readonly issuer: string
  readonly preset: ProviderPreset | undefined
  readonly clientId: string
  /** Sealed by the encryption key. `undefined`: a public client. */
  readonly sealedSecret: string | undefined
  /** Domains, lower case, whose verified addresses it may speak for: the only automatic way to an account. */
  readonly authoritativeFor: readonly string[]
  /** Which claim names groups there, and the groups here, by their names there. */
  readonly groups?: { readonly claim: string; readonly map: ReadonlyMap<string, string> } | undefined
  /** A person without an account gets one, if the provider verified their address. */
  readonly createAccounts: boolean
}

type Entry = Readonly<Record<string, unknown>>

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const entraHost = 'https://login.microsoftonline.com'

/** Without a tenant: of every organisation, each of which is an issuer of its own. */
const anyTenant = 'organizations'

function presetIssuer(preset: string | undefined, tenant: string): string | undefined {
  if (preset === 'entra') return `${entraHost}/${tenant}/v2.0`
  if (preset === 'google') return 'https://accounts.google.com'
  return preset === 'github' ? 'https://github.com' : undefined
}

/** The issuer that an entry means; `undefined` if it says none. */
export function providerIssuer({ preset, issuer, tenant }: Entry): string | undefined {
  return text(issuer) ?? presetIssuer(text(preset), text(tenant) ?? anyTenant)
}

/** Entra for every organisation: the tenant is known from the ID token alone. */
export function isManyIssuers({ issuer }: Pick<IdentityProvider, 'issuer'>): boolean {
  return new RegExp(`^${entraHost}/(?:organizations|common|consumers)/v2\\.0/?$`).test(issuer)
}

/** Whether a link of this issuer is one of the provider's. */
export function isIssuerOf(provider: Pick<IdentityProvider, 'issuer'>, issuer: string): boolean {
  // A tenant may be named by a domain, and names itself by its id.
  if (!provider.issuer.startsWith(`${entraHost}/`)) return provider.issuer === issuer
  return new RegExp(`^${entraHost}/[\\w-]+/v2\\.0$`).test(issuer)
}

/** GitHub signs people in by OAuth alone: no ID token, and no word of when they signed in. */
export function saysWhenSignedIn({ preset }: Pick<IdentityProvider, 'preset'>): boolean {
  return preset !== 'github'
}

function isIssuerUrl(value: string): boolean {
  if (/[\s?#\\]|\/\.well-known\//.test(value) || !canParseUrl(value)) return false
  const { protocol, hostname, username, password } = new URL(value)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
}

/** A rule that an entry breaks: of which member, and a sentence that names it. */
export interface ProviderMistake {
  /** Absent: of the entry. */
  readonly member?: string
  readonly text: string
}

const domainPattern = /^(?=.{1,253}$)(?:[\p{L}\d](?:[\p{L}\d-]*[\p{L}\d])?\.)+[\p{L}\d-]{2,}$/u

/** What is wrong with an entry beyond the shape of its members. */
export function providerMistakes(entry: Entry): readonly ProviderMistake[] {
  const { preset, issuer, tenant, authoritative_for: domains } = entry
  const meant = providerIssuer(entry)
  const names: readonly unknown[] = Array.isArray(domains) ? domains : []
  const wrongDomain = names.findIndex((name) => typeof name === 'string' && !domainPattern.test(name))
  const isForAll = preset === 'entra' && meant !== undefined && isManyIssuers({ issuer: meant })
  const found: readonly (readonly [boolean, string | undefined, string])[] = [
    [meant === undefined, undefined, 'needs an issuer, or a preset that has one: entra, google or github'],
    [
      text(issuer) !== undefined && !isIssuerUrl(text(issuer) ?? ''),
      'issuer',
      'issuer must be an https URL without query and fragment, unless it is on localhost',
    ],
    [
      preset === 'google' && issuer !== undefined,
      'issuer',
      'issuer belongs to the preset google: leave one of them out',
    ],
    [tenant !== undefined && preset !== 'entra', 'tenant', 'tenant is for the preset entra alone'],
    [tenant !== undefined && issuer !== undefined, 'tenant', 'tenant and issuer exclude each other'],
    [wrongDomain >= 0, 'authoritative_for', 'authoritative_for must be a list of domains such as example.com'],
    [
      isForAll && names.length > 0,
      'authoritative_for',
      'authoritative_for needs a tenant: without one, every organisation of Entra could speak for the domain',
    ],
  ]
  return found
    .filter(([isWrong]) => isWrong)
    .map(([, member, sentence]) => ({ text: sentence, ...(member !== undefined && { member }) }))
}

function groupsOf(value: unknown): IdentityProvider['groups'] {
  if (typeof value !== 'object' || value === null || !('claim' in value) || !('map' in value)) return undefined
  const map = typeof value.map === 'object' && value.map !== null ? Object.entries(value.map) : []
  return { claim: String(value.claim), map: new Map(map.map(([there, here]) => [there, String(here)])) }
}

/** Only for an entry without mistakes, as it is stored: `client_secret` is sealed. */
export function toIdentityProvider(entry: Entry): IdentityProvider {
  const { authoritative_for: domains } = entry
  const listed: readonly unknown[] = Array.isArray(domains) ? domains : []
  return {
    id: String(entry['id']),
    name: String(entry['name']),
    issuer: providerIssuer(entry) ?? '',
    preset: providerPresets.find((preset) => preset === entry['preset']),
    clientId: String(entry['client_id']),
    sealedSecret: text(entry['client_secret']),
    authoritativeFor: listed.map((domain) => String(domain).toLowerCase()),
    groups: groupsOf(entry['groups']),
    createAccounts: entry['create_accounts'] === true,
  }
}

/** What the sealed secret of a provider is for (secrets.ts). */
export const providerSecretPurpose = (id: string): string => `identity provider ${id}`
