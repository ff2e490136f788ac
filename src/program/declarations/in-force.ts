/** What is in force: the rows of the database, and the notes under RESOURCE_URL as long as no file declares resources. */
import type { Config } from '../../config/config.js'
import { declaredGroup, type StoredGroup } from '../../declarations/group-entries.js'
import { createKnownResources } from '../../declarations/known-resources.js'
import { declaredFrom } from '../../declarations/resource-entries.js'
import { type Declarations, type DeclarationsInForce, notesIn, type SignUp } from '../../oauth/declared-resource.js'
import { toIdentityProvider } from '../../oauth/identity-provider.js'
import { toTrustedIssuer } from '../../oauth/trusted-issuer.js'
import type { DeclaredState, StoredDeclaration } from '../../storage/declarations/declarations.js'
import { declarationsOf } from '../topology.js'
import { notesAtOf } from './judging.js'
import { parsedEntry } from './plan.js'

/** Resources of one file or database, with those of the settings if no file has any. */
export function declaredBy(config: Config, rows: readonly StoredDeclaration[]): Declarations {
  const notesAt = notesAtOf(config)
  const resources = rows
    .filter(({ kind }) => kind === 'resource')
    .map(({ payload, source, places }) => declaredFrom(parsedEntry(payload), { source, places }, notesAt))
  const groups = rows
    .filter(({ kind }) => kind === 'group')
    .map(({ payload, source, places }) => declaredGroup(JSON.parse(payload) as StoredGroup, { source, places }))
  const signUp = rows.find(({ kind }) => kind === 'sign_up')
  const issuers = rows.filter(({ kind }) => kind === 'issuer')
  const ofSettings = declarationsOf(config)
  const hasFile = resources.some(({ source }) => source === 'file')
  const hasDefault = resources.some(({ isDefault }) => isDefault)
  const own = ofSettings.resources.map((each) => (hasDefault ? { ...each, isDefault: false } : each))
  return {
    ...(groups.length > 0 && { groups }),
    ...(signUp !== undefined && { signUp: JSON.parse(signUp.payload) as SignUp }),
    resources: [...(hasFile ? [] : own), ...resources],
    assertionIssuers: [
      ...ofSettings.assertionIssuers,
      ...issuers.map(({ payload }) => toTrustedIssuer(JSON.parse(payload))),
    ],
    identityProviders: rows
      .filter(({ kind }) => kind === 'provider')
      .map(({ payload }) => toIdentityProvider(JSON.parse(payload))),
  }
}

/**
 * Whether a canonical identifier is one of these resources, or of one of these families. A former name of one (`aliases`) is not: nothing is
 * issued for it, and what was issued before must not live on, in case that it is a resource again one day.
 */
export function declares(config: Config, { resources }: Declarations): (identifier: string) => boolean {
  const known = createKnownResources(resources, config.ISSUER_URL)
  return (identifier) => known.find(identifier) === identifier
}

export function afterChange(
  state: DeclaredState,
  written: readonly StoredDeclaration[],
  removed: DeclaredState['rows'],
) {
  const changed = new Set([...written, ...removed].map(({ kind, id }) => `${kind} ${id}`))
  return [...state.rows.filter(({ kind, id }) => !changed.has(`${kind} ${id}`)), ...written]
}

/** Declarations that change while the process runs. */
export class LiveDeclarations implements DeclarationsInForce {
  #current: Declarations
  readonly #followers: ((declarations: Declarations) => void)[] = []

  constructor(first: Declarations) {
    this.#current = first
  }

  current(): Declarations {
    return this.#current
  }

  set(next: Declarations): void {
    this.#current = next
    for (const use of this.#followers) use(next)
  }

  /** Calls `use` with each later whole. */
  follow(use: (declarations: Declarations) => void): void {
    this.#followers.push(use)
  }
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url)
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** The settings as our MCP server goes by them: those of the notes are as they are declared. */
export function notesConfig(config: Config, declarations: Declarations): Config {
  const notes = notesIn(declarations)
  if (notes === undefined || notes.source === 'settings') return config
  return Object.freeze({
    ...config,
    RESOURCE_URL: notes.url,
    RESOURCE_ALIASES: notes.aliases,
    ACCESS_TOKEN_FORMAT: notes.tokens.format,
    // The stricter one counts: the setting is of this server, and nothing in the file takes it back.
    DPOP_REQUIRED: config.DPOP_REQUIRED || notes.tokens.dpop === 'required',
    mcpPort: config.MCP_PORT ?? portOf(notes.url),
  })
}
