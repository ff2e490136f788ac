/** Registration bodies (RFC 7591), through our rules and the engine's client model. */
import { checkStrangersClient } from '../client-invariants.js'
import { clientOf } from '../engine-client.js'
import { type FuzzTarget, jsonOf, textOf } from '../target.js'

/** Of the secret that the engine makes for a client that needs one, before it looks at the metadata. */
const secret = { client_secret: 'x'.repeat(64) }

export const registration: FuzzTarget = {
  name: 'registration',
  surface: 'registration bodies: what is kept is valid again, bounded, and shows nothing deceptive',
  maxBytes: 16_384,
  dictionary: [
    '"redirect_uris":["https://client.example/cb"]',
    '"http://127.0.0.1/cb"',
    '"token_endpoint_auth_method":"none"',
    '"client_name":',
    '"grant_types":["authorization_code"]',
    'client_credentials',
    '"jwks":{"keys":[]}',
    '"jwks_uri":',
    '"logo_uri":',
    '"contacts":',
    '"application_type":"native"',
    '"made_by_operator":true',
    '"consent":"none"',
    '"scope":',
    '"post_logout_redirect_uris":',
    '\\u202e',
    '\\ud800',
    '\\u0000',
    '#ja',
    '__proto__',
    'null',
  ],
  check: (input) => {
    const sent = jsonOf(textOf(input))
    if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return
    // What the registration endpoint puts in place of what was sent.
    const metadata: Record<string, unknown> = { ...sent, client_id: 'fuzz' }
    const method = metadata['token_endpoint_auth_method'] ?? 'client_secret_basic'
    if (method === 'client_secret_basic' || method === 'client_secret_post') Object.assign(metadata, secret)
    else delete metadata['client_secret']
    const client = clientOf(metadata, 'registration')
    if (client !== undefined) checkStrangersClient(client, metadata, 'registration')
  },
}
