/** `gatehouse policy test`: what a person may give a client at a resource, and which rule says so. Changes nothing. */
import { clientClassOf } from '../authorization-server/clients/client-class.js'
import type { IdentifiedClient } from '../authorization-server/clients/identity.js'
import { parseMetadataDocument } from '../authorization-server/clients/metadata-document.js'
import { explainAccess } from '../authorization-server/resources/access-explanation.js'
import { mayAskFor } from '../authorization-server/resources/client-limits.js'
import { createResources } from '../authorization-server/resources/resources.js'
import { claimsMetadataDocument } from '../oauth/client-id.js'
import { constantDeclarations } from '../oauth/declared-resource.js'
import type { ClientMetadata } from '../oauth/registration.js'
import { parseScope } from '../oauth/scope.js'
import { createAccountStore } from '../storage/accounts/accounts.js'
import { createClientDocumentStore } from '../storage/clients/client-documents.js'
import { readDeclared } from '../storage/declarations/declarations.js'
import { findHolder } from '../storage/grants/credential.js'
import type { Storage } from '../storage/storage.js'
import {
  type Command,
  ExitStatus,
  loadConfig,
  readArguments,
  type Terminal,
  UsageError,
  writeJson,
  writeLine,
  writeTable,
} from './command.js'
import { withStorage } from './storage.js'

const flags = {
  person: { type: 'string' },
  client: { type: 'string' },
  resource: { type: 'string' },
  scopes: { type: 'string' },
  json: { type: 'boolean' },
} as const

async function metadataOf(storage: Storage, clientId: string): Promise<ClientMetadata> {
  if (claimsMetadataDocument(clientId)) {
    const kept = await createClientDocumentStore(storage).find('metadata', clientId)
    if (kept === undefined)
      throw new Error(`there is no copy of ${clientId} yet: nobody has connected with that client`)
    return parseMetadataDocument(clientId, kept.body)
  }
  const row = await storage.prisma.client.findUnique({ where: { id: clientId } })
  if (row === null) throw new Error(`there is no client ${clientId}`)
  return { ...(row.payload as ClientMetadata), made_by_operator: row.origin !== 'dynamic' }
}

async function clientOf(storage: Storage, clientId: string): Promise<IdentifiedClient> {
  const metadata = await metadataOf(storage, clientId)
  const uris: unknown = metadata['redirect_uris']
  return {
    clientId,
    clientName: typeof metadata['client_name'] === 'string' ? metadata['client_name'] : undefined,
    redirectUris: Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [],
    metadata: () => metadata,
    isMetadataDocument: claimsMetadataDocument(clientId),
  }
}

async function personOf(storage: Storage, email: string) {
  const account = await createAccountStore(storage).findByEmail(email)
  const person = account === undefined ? undefined : await findHolder(storage, account.id)
  if (person === undefined) throw new Error(`there is no account ${email}`)
  return person
}

async function judge(
  terminal: Terminal,
  storage: Storage,
  asked: Readonly<Record<'person' | 'client' | 'resource', string>>,
  scope?: string,
) {
  const { declaredBy } = await import('../program/declarations/in-force.js')
  const config = loadConfig(terminal)
  const declarations = declaredBy(config, (await readDeclared(storage)).rows)
  const resources = createResources(constantDeclarations(declarations), config.ISSUER_URL)
  const byId = declarations.resources.find(({ id, isPattern }) => id === asked.resource && !isPattern)
  const resource = resources.find(byId?.url ?? asked.resource)
  if (resource === undefined) throw new Error(`there is no resource ${asked.resource}`)
  const [person, client] = [await personOf(storage, asked.person), await clientOf(storage, asked.client)]
  // Several redirects may be of several classes: the first is where an answer goes most often.
  const clientClass = clientClassOf(client, client.redirectUris?.[0])
  const groups = resources.groupsOf(person)
  const scopes = scope === undefined ? resource.scopes.map(({ name }) => name) : parseScope(scope)
  const outcomes = explainAccess({ resource, scopes, clientClass, groups, declared: declarations.groups ?? [] })
  const refused = person.disabled
    ? 'the account is disabled'
    : mayAskFor(client.metadata()['resources'], resource, resources)
      ? undefined
      : 'the client is not for this resource'
  const shown =
    refused === undefined
      ? outcomes
      : outcomes.map(({ scope: name }) => ({ scope: name, allowed: false, reason: refused }))
  return {
    person: person.email,
    groups: [...groups],
    client: client.clientId,
    clientClass,
    resource: resource.resource,
    scopes: shown,
  }
}

export const policy: Command = {
  name: 'policy',
  summary: 'Explain what a person may give a client at a resource. Ends with status 1 if that is nothing.',
  usage: ['policy test --person <email> --client <client_id> --resource <id|url> [--scopes "<scope>..."] [--json]'],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, flags)
    const { person, client, resource, scopes, json = false } = values
    if (positionals.length !== 1 || positionals[0] !== 'test') throw new UsageError('say what to do: test')
    if (person === undefined || client === undefined || resource === undefined)
      throw new UsageError('test needs --person, --client and --resource')
    const verdict = await withStorage(terminal, (storage) =>
      judge(terminal, storage, { person, client, resource }, scopes),
    )
    if (json) writeJson(terminal, verdict)
    else {
      writeLine(
        terminal,
        `${verdict.person} is in: ${verdict.groups.join(', ')}. The client is of the class ${verdict.clientClass}.`,
      )
      const rows = verdict.scopes.map((each) => [
        each.scope,
        each.allowed ? 'yes' : 'no',
        each.reason,
        'place' in each ? (each.place ?? '') : '',
      ])
      writeTable(terminal, [['SCOPE', 'ALLOWED', 'WHY', 'RULE'], ...rows])
    }
    if (!verdict.scopes.some(({ allowed }) => allowed)) throw new ExitStatus(1)
  },
}
