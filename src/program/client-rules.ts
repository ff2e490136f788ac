/**
 * The rules for clients that follow from the settings, and the operator's clients of CLIENTS_FILE, checked by these rules and by the
 * engine. Opens no database.
 */
import { readFileSync } from 'node:fs'
import { type FileClient, readClientsFile } from '../authorization-server/clients/clients-file.js'
import type { ClientRuleOptions } from '../authorization-server/engine/client-configuration.js'
import type { Config } from '../config/config.js'
import type { NamedClientMetadata } from '../oauth/registration.js'

/** The rules that decide which client metadata is valid. */
export function clientRules(config: Config): ClientRuleOptions {
  return {
    issuer: config.ISSUER_URL,
    registrationRules: { allowedPrivateUseRedirects: new Set(config.ALLOWED_PRIVATE_USE_REDIRECTS) },
    trustedAssertionIssuers: config.TRUSTED_ASSERTION_ISSUERS,
    offersDeviceFlow: config.DEVICE_FLOW,
  }
}

/** The engine's objection to an operator's client, if any. Loads the engine and leaves nothing behind. */
export async function clientJudge(config: Config): Promise<(metadata: NamedClientMetadata) => string | undefined> {
  const { createClientJudge } = await import('../authorization-server/engine/provider.js')
  return createClientJudge(clientRules(config))
}

/** The clients of CLIENTS_FILE. Rejects with every mistake in it, including those that the engine finds. */
export async function fileClients(config: Config): Promise<readonly FileClient[] | undefined> {
  const { CLIENTS_FILE: path, RESOURCE_URL: resource, RESOURCE_ALIASES: aliases } = config
  if (path === undefined) return undefined
  return readClientsFile(path, (file) => readFileSync(file, 'utf8'), {
    registrationRules: clientRules(config).registrationRules,
    resource: { resource, aliases },
    engine: await clientJudge(config),
  })
}
