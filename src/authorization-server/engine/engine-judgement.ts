/** Runs the engine's own checks on an operator's client before the client is stored. */
import type { ClientMetadata } from '../../oauth/registration.js'
import { type ClientModel, tryOut } from './engine-clients.js'

/** The engine names the member of a key set in the cause of its error alone. */
function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof Error) return error.cause.message
  return 'error_description' in error ? String(error.error_description) : error.message
}

/** As the engine would say it at the client's first request, which is too late for the operator to notice. */
export function engineMistake(engine: ClientModel, metadata: ClientMetadata): string | undefined {
  const { client_secret_sha256: hash } = metadata
  const complete = { ...metadata, ...(hash === undefined ? {} : { client_secret: hash }), made_by_operator: true }
  try {
    tryOut(engine, complete)
    return undefined
  } catch (error) {
    const said = saidBy(error)
    return said.includes('Key Set') ? `jwks: ${said}` : said
  }
}
