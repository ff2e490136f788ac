/**
 * Reads a declaration file: everything that it declares, or every mistake in it, each with its place. Pure but for the secrets that the
 * file names. Conflicts with what is in a database are found when it is applied.
 */
import { basename } from 'node:path'
import type { DeclarationSource, DeclaredResource, SignUp } from '../oauth/declared-resource.js'
import type { NamedClientMetadata } from '../oauth/registration.js'
import type { RegistrationRules } from '../oauth/registration-rules.js'
import { issuerMistakes, type TrustedIssuer, toTrustedIssuer } from '../oauth/trusted-issuer.js'
import { judgeClient, type SecretSources } from './client-entries.js'
import {
  clientSchema,
  fileSchema,
  issuerSchema,
  type ResourceEntry,
  resourceSchema,
  signUpSchema,
} from './file-schema.js'
import { judgeAccess, readGroups, type StoredGroup } from './group-entries.js'
import { createKnownResources } from './known-resources.js'
import { type ProviderEntry, readProviders } from './provider-entries.js'
import { type Complain, isRaw, type Raw, rawOf, textOf } from './raw.js'
import { declaredFrom, idOf, type NotesAt, normalisedEntry, type StoredResource } from './resource-entries.js'
import { identifiersOf, judgeResource, judgeTogether, type ResourceRules } from './resource-rules.js'
import { shapeMistakes } from './shape-mistakes.js'
import { type LocatedDocument, type LocatedMistake, type Path, parseLocated } from './yaml-document.js'

/** What the file's declarations are judged by. */
export interface FileRules extends ResourceRules {
  readonly notesAt: NotesAt
  readonly registrationRules: RegistrationRules
  /** The engine's objection to a client, where these issuers' assertions are exchanged. */
  readonly engine?:
    | ((issuers: readonly TrustedIssuer[]) => (metadata: NamedClientMetadata) => string | undefined)
    | undefined
  /** The resources beside those of the file: of commands, and of RESOURCE_URL if the file has none. */
  readonly others: (hasResources: boolean) => readonly Pick<DeclaredResource, 'url' | 'aliases'>[]
  /** Names of groups beside those of the file: of commands. Not known: no name is a mistake. */
  readonly otherGroups?: readonly string[] | undefined
  /** Mail is sent. Default: false. */
  readonly sendsMail?: boolean
  /** Settings that say what the file says too, and are set. */
  readonly overruledSettings: readonly string[]
  /** Only tools that change nothing are offered, of the notes. Default: false. */
  readonly readOnly?: boolean
  /** False: only the shape of clients is judged, and no secret is read. Default: true. */
  readonly withClients?: boolean
}

/** `places`: `gatehouse.yaml:12:5` of the entry (member ``) and of its members. */
export interface FileEntry<T> {
  readonly id: string
  readonly value: T
  readonly places: Readonly<Record<string, string>>
}

/** Everything that a file declares. */
export interface DeclaredFile {
  readonly resources: readonly FileEntry<StoredResource>[]
  readonly groups: readonly FileEntry<StoredGroup>[]
  /** One at most. */
  readonly signUp: readonly FileEntry<SignUp>[]
  readonly clients: readonly FileEntry<NamedClientMetadata>[]
  readonly issuers: readonly FileEntry<Raw>[]
  readonly providers: readonly ProviderEntry[]
}

/** Every mistake of a file, one a line: `FILE:LINE:COLUMN: text`. */
export class FileMistakes extends Error {
  readonly lines: readonly string[]
  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.name = 'FileMistakes'
    this.lines = lines
  }
}

class Judgement {
  readonly mistakes: LocatedMistake[] = []
  readonly document: LocatedDocument
  readonly #name: string

  constructor(document: LocatedDocument, path: string) {
    this.document = document
    this.#name = basename(path)
  }

  complainAt(around: Path): Complain {
    return (path, text) => void this.mistakes.push({ place: this.document.place([...around, ...path]), text })
  }

  /** Of an entry and, two levels down, of its members. */
  placesOf(around: Path, entry: Raw): Readonly<Record<string, string>> {
    const at = (path: Path) => {
      const { line, column } = this.document.place([...around, ...path])
      return `${this.#name}:${line}:${column}`
    }
    const inner = Object.entries(entry).flatMap(([name, value]) => [
      [name, at([name])] as const,
      ...Object.keys(rawOf(value)).map((member) => [`${name}.${member}`, at([name, member])] as const),
    ])
    return Object.fromEntries([['', at([])], ...inner])
  }

  /** The entries of a list, those that are no object too. */
  entries(member: string): readonly Raw[] {
    const list = rawOf(this.document.value)[member]
    return Array.isArray(list) ? list.map(rawOf) : []
  }
}

function readResources(judgement: Judgement, rules: FileRules): FileEntry<StoredResource>[] {
  const entries = judgement.entries('resources')
  const ids = entries.map((entry) => {
    const [id, name] = [textOf(entry['id']), textOf(entry['name'])]
    return idOf({ id, name, notes: entry['notes'] === true })
  })
  const notesScopes = rules.notesAt('https://notes.invalid/mcp', []).scopes.map(({ name }) => name)
  for (const [index, entry] of entries.entries()) {
    const complain = judgement.complainAt(['resources', index])
    judgeResource(entry, rules, notesScopes, complain)
    if (ids[index] === undefined && /\S/.test(textOf(entry['name']) ?? ''))
      complain(['name'], 'id is missing: none can be made from the name')
  }
  judgeTogether(entries, ids, judgement.complainAt(['resources']))
  if (rules.readOnly === true && entries.length > 0 && !entries.some((entry) => entry['notes'] === true))
    judgement.complainAt([])(
      ['resources'],
      'READ_ONLY applies to the notes, and no resource here is them: leave it out',
    )
  if (entries.length > 0) {
    for (const setting of rules.overruledSettings)
      judgement.complainAt([])(
        ['resources'],
        `resources and the setting ${setting} exclude each other: leave ${setting} out`,
      )
  }
  return entries.flatMap((entry, index) => {
    const read = resourceSchema.safeParse(entry)
    const id = ids[index]
    if (!read.success || id === undefined) return []
    return [{ id, value: read.data as ResourceEntry, places: judgement.placesOf(['resources', index], entry) }]
  }) as FileEntry<StoredResource>[]
}

function readIssuers(judgement: Judgement): FileEntry<Raw>[] {
  const seen = new Set<string>()
  return judgement.entries('assertion_issuers').flatMap((entry, index) => {
    const around = ['assertion_issuers', index]
    const complain = judgement.complainAt(around)
    for (const { member, text } of issuerMistakes(entry)) complain(member === undefined ? [] : [member], text)
    const id = textOf(entry['issuer'])
    if (id === undefined) return []
    if (seen.has(id)) complain(['issuer'], `issuer ${id} is named twice`)
    seen.add(id)
    return issuerSchema.safeParse(entry).success
      ? [{ id, value: entry, places: judgement.placesOf(around, entry) }]
      : []
  })
}

/** A sign-up that nobody was invited to rests on a mail: an address that is not verified is anybody's. */
function readSignUp(judgement: Judgement, { sendsMail, withClients }: FileRules): FileEntry<SignUp>[] {
  const value = rawOf(judgement.document.value)['sign_up']
  const read = signUpSchema.safeParse(value)
  if (!read.success) return []
  const signUp: SignUp = typeof read.data === 'string' ? { policy: read.data } : { policy: 'domains', ...read.data }
  const asksStrangers = signUp.policy === 'open' || signUp.policy === 'domains'
  if (asksStrangers && withClients !== false && sendsMail !== true)
    judgement.complainAt([])(
      ['sign_up'],
      'sign_up lets strangers in, who must verify their address, and this server sends no mail',
    )
  return [{ id: 'sign_up', value: signUp, places: judgement.placesOf(['sign_up'], rawOf(value)) }]
}

function readClients(
  judgement: Judgement,
  path: string,
  sources: SecretSources,
  rules: FileRules,
  { issuers }: Pick<DeclaredFile, 'issuers'>,
): FileEntry<NamedClientMetadata>[] {
  const entries = judgement.entries('clients')
  if (entries.length === 0 || rules.withClients === false) return []
  // Of entries with mistakes too: a client that names one is not wrong.
  const inFile = judgement.entries('resources').map((entry) => {
    const [first, ...aliases] = identifiersOf(entry).map(([, identifier]) => identifier)
    return { url: first ?? '', aliases }
  })
  const clientRules = {
    registrationRules: rules.registrationRules,
    resources: createKnownResources([...inFile, ...rules.others(inFile.length > 0)], rules.issuer),
    engine: rules.engine?.(issuers.map(({ value }) => toTrustedIssuer(value))),
  }
  const seen = new Set<string>()
  return entries.flatMap((entry, index) => {
    const around = ['clients', index]
    const complain = judgement.complainAt(around)
    if (entry['client_secret'] !== undefined)
      complain(
        ['client_secret'],
        'client_secret does not belong here: use client_secret_file, client_secret_env or client_secret_sha256',
      )
    const hasRightShape = clientSchema.safeParse(entry).success
    const metadata = judgeClient(entry, { path, sources, rules: clientRules }, hasRightShape, complain)
    const id = textOf(entry['client_id'])
    if (id !== undefined && seen.has(id)) complain(['client_id'], `client_id ${id} is listed more than once`)
    if (id !== undefined) seen.add(id)
    if (metadata === undefined || id === undefined) return []
    return [{ id, value: metadata, places: judgement.placesOf(around, entry) }]
  })
}

function lineOf(path: string, { place, text }: LocatedMistake): string {
  // A name in the file may hold what steers a terminal, or ends the line.
  return `${path}:${place.line}:${place.column}: ${text.replace(/\p{C}/gu, '\ufffd')}`
}

function ordered(mistakes: readonly LocatedMistake[]): readonly LocatedMistake[] {
  return [...mistakes].sort((one, other) => one.place.line - other.place.line || one.place.column - other.place.column)
}

function refuse(path: string, mistakes: readonly LocatedMistake[]): void {
  if (mistakes.length > 0) throw new FileMistakes([...new Set(ordered(mistakes).map((each) => lineOf(path, each)))])
}

/** `path`: as the operator named the file. Throws FileMistakes. */
export function readDeclarations(
  path: string,
  bytes: Uint8Array,
  sources: SecretSources,
  rules: FileRules,
): DeclaredFile {
  const parsed = parseLocated(bytes)
  if ('mistakes' in parsed) {
    refuse(path, parsed.mistakes)
    return { resources: [], groups: [], signUp: [], clients: [], issuers: [], providers: [] }
  }
  const { document } = parsed
  const judgement = new Judgement(document, path)
  const shape = fileSchema.safeParse(document.value)
  if (!shape.success) {
    // What is wrong with this member is said in other words.
    const known = shapeMistakes(shape.error, document).filter(
      ({ text }) => !text.startsWith('client_secret is not a member'),
    )
    judgement.mistakes.push(...known)
  }
  if (isRaw(document.value)) {
    const resources = readResources(judgement, rules)
    const groups = readGroups(judgement)
    if (rules.otherGroups !== undefined)
      judgeAccess(judgement, [...judgement.entries('groups').map((group) => group['name']), ...rules.otherGroups])
    const signUp = readSignUp(judgement, rules)
    const issuers = readIssuers(judgement)
    const clients = readClients(judgement, path, sources, rules, { issuers })
    const providers = readProviders(
      {
        entries: judgement.entries('identity_providers'),
        groups: [...judgement.entries('groups').map((group) => group['name']), ...(rules.otherGroups ?? [])],
        complainAt: (around) => judgement.complainAt(around),
        placesOf: (around, entry) => judgement.placesOf(around, entry),
      },
      path,
      rules.withClients === false ? undefined : sources,
    )
    refuse(path, judgement.mistakes)
    return {
      resources: resources.map((each) => ({ ...each, value: normalisedEntry(each.value, each.id) })),
      groups,
      signUp,
      issuers,
      clients,
      providers,
    }
  }
  refuse(path, judgement.mistakes)
  return { resources: [], groups: [], signUp: [], clients: [], issuers: [], providers: [] }
}

/** What a stored or a file's entry declares. */
export function declaredResourceOf(
  { value, places }: Pick<FileEntry<StoredResource>, 'value' | 'places'>,
  source: DeclarationSource,
  notesAt: NotesAt,
): DeclaredResource {
  return declaredFrom(value, { source, places }, notesAt)
}
