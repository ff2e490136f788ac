/** `gatehouse clients list`: every client, or the registrations of one product as one line. */
import { groupByProduct, type ProductGroup } from '../authorization-server/clients/product-groups.js'
import { createClientStore, type ListedClient } from '../storage/clients.js'
import { type Terminal, writeJson, writeLine, writeTable } from './command.js'
import { withStorage } from './storage.js'

const day = (at: Date) => at.toISOString().slice(0, 10)
const addedBy = { static: 'operator', file: 'file', dynamic: 'itself' } as const

function clientRow({ clientId, name, origin, createdAt, inUse }: ListedClient): string[] {
  return [clientId, name ?? '', addedBy[origin], day(createdAt), inUse ? 'yes' : 'no']
}

function groupRow({ name, origin, redirects, count, inUse, newest }: ProductGroup): string[] {
  const [first = '', ...others] = redirects
  const leadsTo = others.length === 0 ? first : `${first} +${others.length}`
  return [name ?? '', leadsTo, addedBy[origin], String(count), String(inUse), day(newest.createdAt), newest.clientId]
}

function groupJson({ newest, ...group }: ProductGroup): unknown {
  return { ...group, newest: { clientId: newest.clientId, createdAt: newest.createdAt } }
}

export async function listClients(terminal: Terminal, shown: { all: boolean; asJson: boolean }): Promise<void> {
  const clients = await withStorage(terminal, (storage) => createClientStore(storage).list())
  const groups = groupByProduct(clients)
  if (shown.asJson) return writeJson(terminal, shown.all ? clients : groups.map(groupJson))
  if (clients.length === 0)
    return writeLine(terminal, 'There is no registered client. Clients with a metadata URL need none.')
  if (shown.all) {
    return writeTable(terminal, [['CLIENT ID', 'NAME', 'ADDED BY', 'SINCE', 'IN USE'], ...clients.map(clientRow)])
  }
  const heading = ['NAME', 'LEADS TO', 'ADDED BY', 'CLIENTS', 'IN USE', 'NEWEST', 'CLIENT ID OF THE NEWEST']
  writeTable(terminal, [heading, ...groups.map(groupRow)])
  if (groups.length < clients.length) {
    terminal.stderr.write('Registrations of the same name and redirects are one line; --all shows each.\n')
  }
}
