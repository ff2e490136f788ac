/**
 * The rules for clients that follow from the settings, and the engine that judges the operator's clients by them. Opens no database.
 */
import type { ClientRuleOptions } from '../authorization-server/engine/client-configuration.js'
import type { Config } from '../config/config.js'
import { constantDeclarations, type DeclarationsInForce } from '../oauth/declared-resource.js'
import type { NamedClientMetadata } from '../oauth/registration.js'
import { declarationsOf } from './topology.js'

/** The rules that decide which client metadata is valid. */
export function clientRules(config: Config, inForce?: DeclarationsInForce): ClientRuleOptions {
  return {
    issuer: config.ISSUER_URL,
    registrationRules: { allowedPrivateUseRedirects: new Set(config.ALLOWED_PRIVATE_USE_REDIRECTS) },
    declarations: inForce ?? constantDeclarations(declarationsOf(config)),
    offersDeviceFlow: config.DEVICE_FLOW,
  }
}

/** The engine's objection to an operator's client, if any. Loads the engine and leaves nothing behind. */
export async function clientJudge(
  config: Config,
  inForce?: DeclarationsInForce,
): Promise<(metadata: NamedClientMetadata) => string | undefined> {
  const { createClientJudge } = await import('../authorization-server/engine/provider.js')
  return createClientJudge(clientRules(config, inForce))
}
