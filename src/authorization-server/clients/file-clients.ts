/** Installs the clients of CLIENTS_FILE in the database. */
import type { AuditTrail } from '../../storage/audit/audit.js'
import { replaceFileClients } from '../../storage/clients/clients.js'
import type { Storage } from '../../storage/storage.js'
import type { FileClient } from './clients-file.js'

/**
 * Stores exactly these clients, judged before, as the file's. Entries that went take everything granted to them along; changed ones
 * keep it.
 */
export async function installFileClients(
  storage: Storage,
  audit: AuditTrail,
  clients: readonly FileClient[],
): Promise<void> {
  const { removed } = await replaceFileClients(
    storage,
    clients.map(({ metadata }) => metadata),
  )
  for (const clientId of removed)
    await audit.record({ type: 'client.removed', clientId, detail: { by: 'clients file' } })
}
