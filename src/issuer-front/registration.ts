/**
 * Registration for a server without open registration (RFC 7591): the same normaliser and rules as Gatehouse's own, then the client is
 * created upstream with the operator's credentials. Data about the operator's endpoint is not passed to clients.
 */

import { OAuthError } from '../oauth/errors.js'
import { isTextList, normaliseMetadata, redirectUrisOf } from '../oauth/registration.js'
import { keepUsableRedirects, type RegistrationRules, violations } from '../oauth/registration-rules.js'
import { formatScope } from '../oauth/scope.js'
import { jsonAnswer, tooMany } from './answers.js'
import type { FrontClients } from './front-client.js'
import { type IssuerFrontOptions, paths } from './options.js'
import { createRegistrationLimit, type Sender } from './sender-limit.js'
import { post } from './upstream.js'

/** A stranger's client that uses redirects only: the front supports nothing else. */
const origin = { isMetadataDocument: false, isFromStranger: true, offersDeviceFlow: false }

/**
 * Members that a stranger may set. The upstream endpoint is for operators and accepts members that nobody else may set: Hydra's
 * `skip_consent` and `audience`, the client's identifier and secret, URLs that the server calls.
 */
const described: readonly string[] = [
  'client_name',
  'client_uri',
  'contacts',
  'grant_types',
  'logo_uri',
  'policy_uri',
  'redirect_uris',
  'response_types',
  'software_id',
  'software_version',
  'token_endpoint_auth_method',
  'tos_uri',
]

/** Members that the upstream server decides; everything else in the response is the accepted part of the client's request. */
const decidedUpstream: readonly string[] = [
  'client_secret',
  'client_secret_expires_at',
  'client_id_issued_at',
  'token_endpoint_auth_method',
  'grant_types',
]

/** Everything that the front supports; a client with more could use it directly upstream, bypassing the front. */
const offered: Readonly<Record<'grant_types' | 'response_types', readonly string[]>> = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}

const authMethods: ReadonlySet<unknown> = new Set(['none', 'client_secret_basic', 'client_secret_post'])

function readMetadata(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
  } catch {
    // Said below.
  }
  throw new OAuthError('invalid_client_metadata', 'the body must be a JSON object')
}

/** Checks the whole request, and keeps only the allowed members, in place. */
function check(metadata: Record<string, unknown>, rules: RegistrationRules): void {
  keepUsableRedirects(metadata, rules)
  normaliseMetadata(metadata, { ...origin, ownUrls: rules.ownUrls })
  const [broken] = violations(metadata, rules, origin)
  if (broken !== undefined) throw new OAuthError(broken.error, broken.message, { detail: broken.name })
  for (const name of Object.keys(metadata)) if (!described.includes(name)) delete metadata[name]
  for (const [name, values] of Object.entries(offered)) {
    const given = metadata[name] ?? []
    if (!isTextList(given) || given.some((value) => !values.includes(value))) {
      throw new OAuthError('invalid_client_metadata', `${name} must be among: ${values.join(', ')}`)
    }
  }
  // As at Gatehouse's own server: many clients name no grant type but use refresh tokens.
  metadata['grant_types'] ??= ['authorization_code', 'refresh_token']
  if (redirectUrisOf(metadata).length === 0) {
    throw new OAuthError('invalid_redirect_uri', 'redirect_uris must name at least one URI')
  }
  const { token_endpoint_auth_method: method = 'client_secret_basic' } = metadata
  if (!authMethods.has(method)) {
    throw new OAuthError('invalid_client_metadata', 'token_endpoint_auth_method must be none or a client secret')
  }
}

export function createRegistration(
  options: IssuerFrontOptions,
  clients: FrontClients,
): (body: string, sender: Sender) => Promise<Response> {
  const rules = {
    allowedPrivateUseRedirects: new Set(options.allowedPrivateUseRedirects ?? []),
    ownUrls: [options.issuer, ...(options.ownUrls ?? [])],
  }
  const take = createRegistrationLimit(options)

  async function createUpstream(metadata: Record<string, unknown>) {
    const { registration, issuer, defaultScopes } = options
    const upstreamMetadata = {
      ...metadata,
      ...(defaultScopes !== undefined && { scope: formatScope(defaultScopes) }),
      application_type: 'web',
      ...registration.members,
      redirect_uris: [issuer + paths.callback],
    }
    const headers = { 'content-type': 'application/json', ...registration.headers }
    const { status, body } = await post(options, registration.url, JSON.stringify(upstreamMetadata), headers)
    const { client_id: upstreamId } = body
    if ((status === 200 || status === 201) && typeof upstreamId === 'string') return { upstreamId, body }
    // The upstream error may concern the operator's own credentials.
    options.report?.(`registration upstream: status ${status}, ${String(body['error'] ?? 'no error code')}`)
    if (status === 400 || status === 409) {
      throw new OAuthError('invalid_client_metadata', 'the authorization server does not take such a client')
    }
    throw new OAuthError('temporarily_unavailable', 'clients cannot be registered at the moment')
  }

  return async (text, sender) => {
    const metadata = readMetadata(text)
    check(metadata, rules)
    const excess = take(sender)
    if (excess !== undefined) return tooMany('registrations', excess.retryAfterSeconds)
    const { upstreamId, body } = await createUpstream(metadata)
    const decided = Object.entries(body).filter(([name]) => decidedUpstream.includes(name))
    const name = typeof metadata['client_name'] === 'string' ? metadata['client_name'] : ''
    const clientId = clients.identify(upstreamId, name, redirectUrisOf(metadata))
    return jsonAnswer(201, { ...metadata, ...Object.fromEntries(decided), client_id: clientId })
  }
}
