/** `gatehouse grants`: what people allowed which programs, as on their own page; taken away by the operator. */
import { narrowedTo } from '../authorization-server/account/narrowing.js'
import { createResources } from '../authorization-server/resources/resources.js'
import { constantDeclarations } from '../oauth/declared-resource.js'
import { parseScope } from '../oauth/scope.js'
import {
  type Connection,
  endConnection,
  listConnections,
  type NarrowOutcome,
  narrowConnection,
} from '../storage/grants/connections.js'
import { accountIdOf } from './audit.js'
import {
  type Command,
  loadConfig,
  readArguments,
  type Terminal,
  UsageError,
  writeJson,
  writeLine,
  writeTable,
} from './command.js'
import { inForce } from './declared.js'
import { withStorage } from './storage.js'

const flags = {
  person: { type: 'string' },
  client: { type: 'string' },
  scopes: { type: 'string' },
  json: { type: 'boolean' },
} as const

function jsonOf({ access, email, client, ...connection }: Connection): unknown {
  const { since, usedAt, device, network, id, clientId } = connection
  const resources = Object.fromEntries(access.ofResources)
  return {
    id,
    person: email,
    clientId,
    name: client?.name,
    resources,
    openid: access.openid,
    since,
    usedAt,
    device,
    network,
  }
}

function row({ id, email, client, clientId, access, since, usedAt }: Connection): string[] {
  const scopes = [...[...access.ofResources.values()].flat(), ...access.openid].join(' ')
  const resources = [...access.ofResources.keys()].join(' ')
  return [id, email, client?.name ?? clientId, resources, scopes, since.toISOString(), usedAt?.toISOString() ?? '']
}

async function list(terminal: Terminal, person: string | undefined, clientId: string | undefined, asJson: boolean) {
  const connections = await withStorage(terminal, async (storage) =>
    listConnections(storage, { accountId: await accountIdOf(storage, person), clientId }),
  )
  if (asJson) writeJson(terminal, connections.map(jsonOf))
  else if (connections.length === 0) writeLine(terminal, 'There is no such grant.')
  else
    writeTable(terminal, [
      ['ID', 'PERSON', 'CLIENT', 'RESOURCES', 'SCOPES', 'SINCE', 'LAST USED'],
      ...connections.map(row),
    ])
}

function unknownGrant(id: string): Error {
  return new Error(`there is no grant ${JSON.stringify(id)}; \`gatehouse grants list\` shows those that there are`)
}

const said: Readonly<Record<Exclude<NarrowOutcome, 'unknown' | 'nothing left'>, string>> = {
  narrowed: 'Narrowed. Servers that follow the revocation feed refuse the rest within two seconds.',
  unchanged: 'Nothing changed: the grant has no other scopes.',
}

async function narrow(terminal: Terminal, id: string, scopes: string) {
  const { ISSUER_URL: issuer } = loadConfig(terminal)
  const kept = new Set(parseScope(scopes))
  const outcome = await withStorage(terminal, async (storage) => {
    const resources = createResources(constantDeclarations(await inForce(terminal, storage)), issuer)
    const decide = (stored: Connection['access']) => narrowedTo(stored, resources, (scope) => kept.has(scope))
    return narrowConnection(storage, { id }, decide, { by: 'operator' })
  })
  if (outcome === 'unknown') throw unknownGrant(id)
  if (outcome === 'nothing left') throw new Error('none of these scopes would be left; to end the grant, revoke it')
  writeLine(terminal, said[outcome])
}

async function revoke(terminal: Terminal, id: string) {
  const isEnded = await withStorage(terminal, (storage) => endConnection(storage, { id }, { by: 'operator' }))
  if (!isEnded) throw unknownGrant(id)
  writeLine(terminal, 'Revoked, with all tokens of the grant.')
}

export const grants: Command = {
  name: 'grants',
  summary: 'What people allowed which programs: list it, take scopes away from one grant, or end it.',
  usage: [
    'grants list [--person <email>] [--client <client_id>] [--json]',
    'grants narrow <id> --scopes "<scopes that stay>"',
    'grants revoke <id>',
  ],
  async run(terminal, args) {
    const { positionals, values } = readArguments(args, flags)
    const [action, id, ...more] = positionals
    if (more.length > 0) throw new UsageError('that are too many arguments')
    if (action === 'list' && id === undefined) return list(terminal, values.person, values.client, values.json === true)
    if (action === 'revoke' && id !== undefined) return revoke(terminal, id)
    if (action === 'narrow' && id !== undefined) {
      if (values.scopes === undefined) throw new UsageError('name the scopes that stay: --scopes "a b"')
      return narrow(terminal, id, values.scopes)
    }
    throw new UsageError('say what to do: list, narrow <id> or revoke <id>')
  },
}
