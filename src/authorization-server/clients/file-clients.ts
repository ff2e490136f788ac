/** Puts the clients of the operator's file in force. */
import type { Provider } from 'oidc-provider'
import type { AuditTrail } from '../../storage/audit.js'
import { replaceFileClients } from '../../storage/clients.js'
import type { Storage } from '../../storage/storage.js'
import type { FileClient } from './clients-file.js'
import { tryOut } from './engine-clients.js'

/** As the engine would say it at the client's first request, which is too late for the operator to notice. */
function engineMistake(provider: Provider, { metadata }: FileClient): string | undefined {
  const { client_secret_sha256: hash } = metadata
  const complete = { ...metadata, ...(hash === undefined ? {} : { client_secret: hash }), made_by_operator: true }
  try {
    tryOut(provider, complete)
    return undefined
  } catch (error) {
    const said = error instanceof Error && 'error_description' in error ? error.error_description : error
    return `${metadata.client_id}: ${String(said)}`
  }
}

/**
 * Stores exactly these clients as the file's. Entries that went take everything granted to them along; changed ones keep it. Throws
 * one Error with every mistake that the engine finds, before anything is changed.
 */
export async function installFileClients(
  provider: Provider,
  storage: Storage,
  audit: AuditTrail,
  clients: readonly FileClient[],
): Promise<void> {
  const mistakes = clients.flatMap((client) => engineMistake(provider, client) ?? [])
  if (mistakes.length > 0) throw new Error(`CLIENTS_FILE is wrong:\n  ${mistakes.join('\n  ')}`)
  const { removed } = await replaceFileClients(
    storage,
    clients.map(({ metadata }) => metadata),
  )
  for (const clientId of removed)
    await audit.record({ type: 'client.removed', clientId, detail: { by: 'clients file' } })
}
