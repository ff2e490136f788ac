/** `gatehouse clients list`: every client, or the registrations of one product as one line, with what their names could be mistaken for. */

import { type OwnNames, ownNames, warningAbout } from '../authorization-server/clients/name-warnings.js'
import { groupByProduct, type ProductGroup } from '../authorization-server/clients/product-groups.js'
import type { NameWarning } from '../authorization-server/pages/views.js'
import { createClientStore, isMadeByOperator, type ListedClient } from '../storage/clients/clients.js'
import { loadConfig, type Terminal, writeJson, writeLine, writeTable } from './command.js'
import { inForce } from './declared.js'
import { withStorage } from './storage.js'

const day = (at: Date) => at.toISOString().slice(0, 10)
/** Whose a client is, as every command says it. */
export const addedBy = { static: 'command', file: 'file', dynamic: 'itself' } as const

type Named = Pick<ListedClient, 'name' | 'origin'>

/** As the consent page warns. The operator chose the names of its own clients. */
function warningOf({ name, origin }: Named, own: OwnNames): NameWarning | undefined {
  return isMadeByOperator(origin) || name === undefined ? undefined : warningAbout(name, own)
}

function warningText(warning: NameWarning | undefined): string {
  if (warning === undefined) return ''
  switch (warning.kind) {
    case 'mixed-scripts':
      return 'mixes alphabets'
    case 'word':
      return `says "${warning.word}"`
    default:
      return `looks like ${warning.name}`
  }
}

function clientRow(client: ListedClient, own: OwnNames): string[] {
  const { clientId, name, origin, createdAt, inUse } = client
  const warning = warningText(warningOf(client, own))
  return [clientId, name ?? '', addedBy[origin], day(createdAt), inUse ? 'yes' : 'no', warning]
}

function groupRow(group: ProductGroup, own: OwnNames): string[] {
  const { name, origin, redirects, count, inUse, newest } = group
  const [first = '', ...others] = redirects
  const leadsTo = others.length === 0 ? first : `${first} +${others.length}`
  const counts = [String(count), String(inUse), day(newest.createdAt)]
  return [name ?? '', leadsTo, addedBy[origin], ...counts, newest.clientId, warningText(warningOf(group, own))]
}

function groupJson({ newest, ...group }: ProductGroup, own: OwnNames): unknown {
  const nameWarning = warningOf(group, own)
  return {
    ...group,
    origin: addedBy[group.origin],
    newest: { clientId: newest.clientId, createdAt: newest.createdAt },
    nameWarning,
  }
}

export async function listClients(terminal: Terminal, shown: { all: boolean; asJson: boolean }): Promise<void> {
  const [clients, { resources }] = await withStorage(terminal, (storage) =>
    Promise.all([createClientStore(storage).list(), inForce(terminal, storage)]),
  )
  const groups = groupByProduct(clients)
  const { PRODUCT_NAME: productName, ISSUER_URL: issuer } = loadConfig(terminal)
  const own = ownNames({ productName, issuer, resources })
  if (shown.asJson) {
    const each = clients.map((client) => ({
      ...client,
      origin: addedBy[client.origin],
      nameWarning: warningOf(client, own),
    }))
    return writeJson(terminal, shown.all ? each : groups.map((group) => groupJson(group, own)))
  }
  if (clients.length === 0)
    return writeLine(terminal, 'There is no registered client. Clients with a metadata URL need none.')
  if (shown.all) {
    const heading = ['CLIENT ID', 'NAME', 'ADDED BY', 'SINCE', 'IN USE', 'WARNING']
    return writeTable(terminal, [heading, ...clients.map((client) => clientRow(client, own))])
  }
  const heading = ['NAME', 'LEADS TO', 'ADDED BY', 'CLIENTS', 'IN USE', 'NEWEST', 'CLIENT ID OF THE NEWEST', 'WARNING']
  writeTable(terminal, [heading, ...groups.map((group) => groupRow(group, own))])
  if (groups.length < clients.length) {
    terminal.stderr.write('Registrations of the same name and redirects are one line; --all shows each.\n')
  }
}
