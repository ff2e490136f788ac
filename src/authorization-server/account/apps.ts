/** `/account/apps`: the programs that a person connected, each of which they can narrow or disconnect. */
import { publicPath } from '../../http/http.js'
import { type Connection, endConnection, listConnections, narrowConnection } from '../../storage/grants/connections.js'
import { displayName, identified, shownIdentity } from '../clients/identity.js'
import type { AppsBlock, ConnectionContext, ConsentScopeContext, ShownClient } from '../pages/views.js'
import { toolsOfScope } from '../resources/resources.js'
import { pathOfSection } from './account-paths.js'
import { grantedScopes, narrowedTo, takeable } from './narrowing.js'
import type { AccountParts } from './parts.js'
import type { ActionOutcome, SectionPart, Visit } from './section.js'

/** As the consent page showed it; of a grant without a record of that, as its client is now. */
async function clientOf({ engine, ownNames }: AccountParts, { client, clientId }: Connection): Promise<ShownClient> {
  if (client !== undefined) return client as unknown as ShownClient
  const found = await engine.Client.find(clientId).catch(() => undefined)
  if (found === undefined) return { name: clientId, identity: { kind: 'unverified' } }
  const known = identified(found)
  const asked = { isOperatorsClient: found['made_by_operator'] === true, redirectUri: undefined }
  return { name: displayName(known), identity: shownIdentity(known, asked, ownNames()) }
}

/** As on the consent page: with several resources, a value says which one is meant. */
function postedValueOf({ access }: Connection, scope: string, resource: string): string {
  return access.ofResources.size > 1 ? `${resource} ${scope}` : scope
}

const ticked = { checked: true, alreadyGranted: false, required: false } as const

function scopesOf(parts: AccountParts, connection: Connection, resource: string, stored: readonly string[]) {
  const granted = new Set(grantedScopes(stored, resource, parts.resources))
  const served = parts.resources.find(resource)
  const titles = new Map(served?.scopes.map(({ name, title }) => [name, title]))
  return (served?.scopes ?? [])
    .filter(({ name }) => granted.has(name))
    .map(
      ({ name, title, description, includes, destructive }): ConsentScopeContext => ({
        ...ticked,
        name,
        value: postedValueOf(connection, name, resource),
        title,
        description: description === '' ? undefined : description,
        destructive: destructive === true,
        includes: includes.flatMap((included) => titles.get(included) ?? []),
        tools: served === undefined ? [] : [...toolsOfScope(served, name)],
      }),
    )
}

async function describe(parts: AccountParts, connection: Connection): Promise<ConnectionContext> {
  const { id, access, since, usedAt, device, network } = connection
  return {
    id,
    client: await clientOf(parts, connection),
    resources: [...access.ofResources].map(([resource, stored]) => ({
      name: parts.resources.find(resource)?.name ?? resource,
      url: resource,
      scopes: scopesOf(parts, connection, resource, stored),
    })),
    scopes: takeable(access.openid).map((name) => ({
      ...ticked,
      name,
      ours: name,
      title: '',
      destructive: false,
      includes: [],
      tools: [],
    })),
    since: since.toISOString(),
    usedAt: usedAt?.toISOString(),
    device,
    network,
  }
}

async function block(parts: AccountParts, { ctx, account, csrfToken }: Visit, problem?: AppsBlock['problem']) {
  const connections = await listConnections(parts.storage, { accountId: account.id })
  const path = publicPath(ctx, pathOfSection('apps'))
  return {
    block: 'apps' as const,
    connections: await Promise.all(connections.map((connection) => describe(parts, connection))),
    saveAction: `${path}/save`,
    disconnectAction: `${path}/disconnect`,
    csrfToken,
    problem,
  }
}

export function createApps(parts: AccountParts): SectionPart {
  const { storage, resources } = parts
  const change = ({ ctx }: Visit) => ({ by: 'person' as const, requestId: ctx.state.event.requestId })
  const keyOf = ({ account }: Visit, form: URLSearchParams) => ({ id: form.get('id') ?? '', accountId: account.id })

  const save = async (visit: Visit, form: URLSearchParams): Promise<ActionOutcome> => {
    const posted = new Set(form.getAll('scope'))
    const outcome = await narrowConnection(
      storage,
      keyOf(visit, form),
      (stored) => {
        const several = stored.ofResources.size > 1
        return narrowedTo(stored, resources, (scope, resource) =>
          posted.has(several && resource !== undefined ? `${resource} ${scope}` : scope),
        )
      },
      change(visit),
    )
    visit.ctx.state.event.outcome = outcome
    if (outcome === 'nothing left')
      return { refused: await block(parts, visit, { id: form.get('id') ?? '', kind: 'nothing-left' }), status: 422 }
    return { notice: outcome === 'unknown' ? 'gone' : 'saved' }
  }

  const disconnect = async (visit: Visit, form: URLSearchParams): Promise<ActionOutcome> => {
    const isEnded = await endConnection(storage, keyOf(visit, form), change(visit))
    visit.ctx.state.event.outcome = isEnded ? 'disconnected' : 'unknown'
    return { notice: isEnded ? 'disconnected' : 'gone' }
  }

  return {
    show: async (visit) => [await block(parts, visit)],
    actions: { save: { run: save }, disconnect: { run: disconnect } },
  }
}
