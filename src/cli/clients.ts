/** `gatehouse clients`: the programs that may ask for access. Those that register themselves are listed too. */
import { readFileSync } from 'node:fs'
import { createLogger } from '../base/log.js'
import { randomSecret } from '../base/secrets.js'
import { constantDeclarations, type Declarations } from '../oauth/declared-resource.js'
import { grantTypes as allGrantTypes, defaultGrantTypes, grantTypeNamed, isRefusedTo } from '../oauth/grant-types.js'
import { memberFromText } from '../oauth/operator-clients.js'
import { keySetMistakes } from '../oauth/operator-keys.js'
import {
  type MetadataOrigin,
  type NamedClientMetadata,
  normaliseMetadata,
  redirectUrisOf,
} from '../oauth/registration.js'
import { violations } from '../oauth/registration-rules.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import { createClientStore } from '../storage/clients/clients.js'
import { readDeclared } from '../storage/declarations/declarations.js'
import { inviteClient, withdrawAllInvitations } from './client-invitations.js'
import { addedBy, listClients } from './client-list.js'
import { urlLines, withResources } from './client-resources.js'
import {
  type Command,
  type FlagsOf,
  loadConfig,
  readArguments,
  type Terminal,
  UsageError,
  writeJson,
  writeLine,
} from './command.js'
import { inForce } from './declared.js'
import { withStorage } from './storage.js'

const operatorOrigin: MetadataOrigin = { isMetadataDocument: false, isFromStranger: false }

const flags = {
  name: { type: 'string' },
  'redirect-uri': { type: 'string', multiple: true },
  confidential: { type: 'boolean' },
  grant: { type: 'string', multiple: true },
  introspects: { type: 'string', multiple: true },
  'jwks-uri': { type: 'string' },
  'jwks-file': { type: 'string' },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  hours: { type: 'string' },
} as const

type Flags = FlagsOf<typeof flags>

const knownGrants: readonly string[] = allGrantTypes.filter(({ isFlag }) => isFlag !== false).map(({ name }) => name)

function authenticationMethod({ confidential, 'jwks-uri': uri, 'jwks-file': file }: Flags): string {
  const ways = [confidential === true, uri !== undefined, file !== undefined].filter(Boolean).length
  if (ways > 1) throw new UsageError('a client has a secret (--confidential), --jwks-uri or --jwks-file: one of them')
  if (ways === 0) return 'none'
  return confidential === true ? 'client_secret_basic' : 'private_key_jwt'
}

function publicKeys(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`--jwks-file: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function grantTypes(given: Flags): readonly string[] {
  const { grant, 'redirect-uri': redirectUris = [], introspects } = given
  const grants = grant ?? defaultGrantTypes(redirectUris.length > 0)
  const unknown = grants.find((type) => !knownGrants.includes(type))
  if (unknown !== undefined) throw new UsageError(`--grant is one of ${knownGrants.join(', ')}`)
  if (grants.includes('authorization_code') && redirectUris.length === 0) {
    throw new UsageError('authorization_code needs a --redirect-uri')
  }
  if (grants.includes('refresh_token') && !grants.includes('authorization_code')) {
    throw new UsageError('refresh_token goes with authorization_code')
  }
  const needsAuthentication = grants.some((name) => {
    const type = grantTypeNamed(name)
    return type !== undefined && isRefusedTo(type, 'public clients')
  })
  if (authenticationMethod(given) === 'none' && (needsAuthentication || introspects !== undefined)) {
    throw new UsageError('grants of machines and --introspects need --confidential, --jwks-uri or --jwks-file')
  }
  return grants
}

/** Members that flags of their own decide: given twice, one of them would be dropped silently. */
const decidedByFlags: ReadonlySet<string> = new Set([
  'client_name',
  'redirect_uris',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'jwks',
  'jwks_uri',
  'introspects',
])

/** Further registration members, each `--set <member>=<value>`. */
function furtherMembers(given: readonly string[]): Readonly<Record<string, unknown>> {
  const members = given.map((text) => {
    try {
      return memberFromText(text)
    } catch (error) {
      throw new UsageError(`--set: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  const names = members.map(([name]) => name)
  const flagged = names.find((name) => decidedByFlags.has(name))
  if (flagged !== undefined) throw new UsageError(`--set: ${flagged} is given by a flag of its own`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new UsageError(`--set: ${twice} is given twice`)
  return Object.fromEntries(members)
}

/** Throws when the server would refuse a client with this metadata, by the rules of registration or by the engine's. */
async function judge(terminal: Terminal, metadata: NamedClientMetadata, declared: Declarations): Promise<void> {
  const config = loadConfig(terminal)
  const { clientJudge, clientRules } = await import('../program/client-rules.js')
  const normalised: Record<string, unknown> & { client_id: string } = { ...metadata }
  normaliseMetadata(normalised, operatorOrigin)
  const inForce = constantDeclarations(declared)
  const [violation] = violations({ ...normalised }, clientRules(config, inForce).registrationRules, operatorOrigin)
  const mistake =
    violation?.message ??
    keySetMistakes(normalised['jwks'], normalised['token_endpoint_auth_signing_alg'])[0] ??
    (await clientJudge(config, inForce))(normalised)
  if (mistake !== undefined) throw new Error(mistake)
}

/** Registered metadata (RFC 7591 §2) from flags. */
function metadataFrom(clientId: string, given: Flags): NamedClientMetadata {
  const grants = grantTypes(given)
  return {
    client_id: clientId,
    client_name: given.name,
    redirect_uris: [...(given['redirect-uri'] ?? [])],
    grant_types: [...grants],
    response_types: grants.includes('authorization_code') ? ['code'] : [],
    token_endpoint_auth_method: authenticationMethod(given),
    ...(given['jwks-uri'] === undefined ? {} : { jwks_uri: given['jwks-uri'] }),
    ...(given['jwks-file'] === undefined ? {} : { jwks: publicKeys(given['jwks-file']) }),
    ...(given.introspects === undefined ? {} : { introspects: given.introspects }),
    ...furtherMembers(given.set ?? []),
  }
}

/** What the other side asks for besides the id, under the names it has there. */
function tellWhereToPaste(terminal: Terminal, metadata: NamedClientMetadata, declared: Declarations) {
  const { token_endpoint_auth_method: method, introspects } = metadata
  const redirects = redirectUrisOf(metadata)
  const { ISSUER_URL: issuer } = loadConfig(terminal)
  for (const line of urlLines(metadata, declared)) writeLine(terminal, line)
  writeLine(terminal, `issuer         ${issuer}`)
  if (redirects.length > 0) writeLine(terminal, `authorize at   ${issuer}/authorize`)
  writeLine(terminal, `token at       ${issuer}/token`)
  if (introspects !== undefined) writeLine(terminal, `introspect at  ${issuer}/introspect`)
  writeLine(
    terminal,
    `authenticate   ${method === 'client_secret_basic' ? `${method} or client_secret_post` : (method ?? 'none')}`,
  )
  for (const redirect of redirects) writeLine(terminal, `redirect URI   ${redirect}`)
}

async function add(terminal: Terminal, given: Flags): Promise<void> {
  if (given.name === undefined || given.name.trim() === '') throw new UsageError('a client needs a --name')
  const clientId = randomSecret(16)
  const asked = metadataFrom(clientId, given)
  const secret = given.confidential === true ? randomSecret() : undefined
  const { metadata, declared } = await withStorage(terminal, async (storage) => {
    const declared = await inForce(terminal, storage)
    const metadata = withResources(asked, declared, loadConfig(terminal))
    const complete = secret === undefined ? metadata : { ...metadata, client_secret: secret }
    await judge(terminal, complete, declared)
    await createClientStore(storage).save(clientId, complete, 'static')
    return { metadata, declared }
  })
  writeLine(terminal, `client_id      ${clientId}`)
  if (secret !== undefined) writeLine(terminal, `client_secret  ${secret}`)
  tellWhereToPaste(terminal, metadata, declared)
  if (secret === undefined) return
  terminal.stderr.write('The secret is not shown again. Keep it where only that client can read it.\n')
}

async function show(terminal: Terminal, clientId: string): Promise<void> {
  const client = await withStorage(terminal, (storage) => createClientStore(storage).find(clientId))
  if (client === undefined) throw new Error(`there is no client ${clientId}`)
  writeJson(terminal, { ...client, origin: addedBy[client.origin] })
}

async function remove(terminal: Terminal, clientId: string): Promise<void> {
  await withStorage(terminal, async (storage) => {
    const { rows } = await readDeclared(storage)
    const owned = rows.find(({ kind, id, source }) => kind === 'client' && id === clientId && source === 'file')
    if (owned !== undefined)
      throw new Error(`${clientId} is declared at ${owned.places['']}: take it out there, or it would come back`)
    if (!(await createClientStore(storage).remove(clientId))) throw new Error(`there is no client ${clientId}`)
    const audit = createAuditTrail(storage, createLogger('silent'))
    await audit.record({ type: 'client.removed', clientId, detail: { by: 'command line' } })
  })
  writeLine(terminal, `Removed ${clientId} and everything granted to it.`)
}

export const clients: Command = {
  name: 'clients',
  summary: 'The client applications that may request access.',
  usage: [
    'clients add --name <name> --redirect-uri <uri>... [--confidential]',
    'clients add --name <name> --confidential [--grant client_credentials] [--introspects <resource>...]',
    'clients add --name <name> --jwks-uri <url>|--jwks-file <path> [--grant <grant>...]',
    'clients add … [--set <member>=<value>]...',
    'clients list [--all] [--json]',
    'clients show <client_id>',
    'clients remove <client_id>',
    'clients invite [--hours <n>]',
    'clients withdraw-invitations',
  ],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, flags)
    const [action, clientId, ...surplus] = positionals
    if (surplus.length > 0) throw new UsageError('too many arguments')
    if (clientId === undefined) {
      if (action === 'list') return listClients(terminal, { all: values.all ?? false, asJson: values.json ?? false })
      if (action === 'add') return add(terminal, values)
      if (action === 'invite') return inviteClient(terminal, values.hours)
      if (action === 'withdraw-invitations') return withdrawAllInvitations(terminal)
    }
    if (action !== 'show' && action !== 'remove') {
      throw new UsageError('say what to do: add, list, show, remove, invite or withdraw-invitations')
    }
    if (clientId === undefined) throw new UsageError('say which client, by its client_id')
    await (action === 'show' ? show(terminal, clientId) : remove(terminal, clientId))
  },
}
