/**
 * The registration members that an operator may give a client, in the declaration file and with `gatehouse clients add --set`, and the type
 * of each value. Members without effect in this server are refused: a setting that does nothing would mislead.
 */
import { offeredGrantTypes } from './grant-types.js'
import { nearestName } from './nearest-name.js'
import { type ClientMetadata, offeredResponseModes, offeredResponseTypes } from './registration.js'

/** Some of these texts. */
export interface Choice {
  readonly choices: readonly string[]
}

/** A list of alternatives, or the kind of value. */
export type Form = 'text' | 'list' | 'texts' | 'boolean' | 'seconds' | 'object' | readonly string[] | Choice

/**
 * When a signed-in person is asked before the client gets access: at each request; only for scopes that were not allowed before; never.
 */
export const consentModes = ['ask', 'remembered', 'none'] as const
export type ConsentMode = (typeof consentModes)[number]

/** Asymmetric algorithms only: an assertion is signed with a key that only the client has. */
const assertionAlgorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 Ed25519 EdDSA'.split(' ')

/** RFC 7591 §2, OpenID Connect Registration §2, RP-Initiated Logout §3.1, RFC 9126 §6, RFC 9449 §5.2; the last five are this server's own. */
export const memberForms: Readonly<Record<string, Form>> = {
  client_name: 'text',
  client_uri: 'text',
  logo_uri: 'text',
  policy_uri: 'text',
  tos_uri: 'text',
  initiate_login_uri: 'text',
  contacts: 'list',
  application_type: ['web', 'native'],
  software_id: 'text',
  software_version: 'text',
  redirect_uris: 'list',
  post_logout_redirect_uris: 'list',
  grant_types: { choices: offeredGrantTypes },
  response_types: { choices: offeredResponseTypes },
  response_modes: { choices: offeredResponseModes },
  subject_type: ['public'],
  token_endpoint_auth_method: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  token_endpoint_auth_signing_alg: assertionAlgorithms,
  jwks: 'object',
  jwks_uri: 'text',
  id_token_signed_response_alg: ['RS256', 'ES256'],
  default_max_age: 'seconds',
  default_acr_values: 'list',
  require_auth_time: 'boolean',
  require_pushed_authorization_requests: 'boolean',
  dpop_bound_access_tokens: 'boolean',
  introspects: 'texts',
  resources: 'list',
  consent: consentModes,
  require_pkce: 'boolean',
}

/** Every member that may be given, apart from the client's identifier and credentials. */
export const operatorMembers: readonly string[] = Object.keys(memberForms)

const isText = (value: unknown): value is string => typeof value === 'string'

const isChoice = (form: Form): form is Choice => typeof form === 'object' && 'choices' in form

const isListOfText = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)

function hasForm(form: Form, value: unknown): boolean {
  if (isChoice(form)) return isListOfText(value) && value.every((text) => form.choices.includes(text))
  switch (form) {
    case 'text':
      return isText(value)
    case 'list':
      return isListOfText(value)
    case 'texts':
      return isText(value) || isListOfText(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'seconds':
      return Number.isSafeInteger(value) && Number(value) >= 0
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return isText(value) && form.includes(value)
  }
}

export function described(form: Form): string {
  if (isChoice(form)) return `a list of ${form.choices.join(', ')}`
  if (typeof form !== 'string') return form.length === 1 ? `${form[0]}` : `one of ${form.join(', ')}`
  const words = {
    text: 'text',
    list: 'a list of texts',
    texts: 'text or a list of texts',
    boolean: 'true or false',
    object: 'an object',
  }
  return form === 'seconds' ? 'a whole number of seconds' : words[form]
}

/** Mistakes in the types of the members, one sentence each. Does not report unknown members; the caller does. */
export function memberFormMistakes(members: ClientMetadata): string[] {
  return Object.entries(members).flatMap(([name, value]) => {
    const form = Object.hasOwn(memberForms, name) ? memberForms[name] : undefined
    return form === undefined || hasForm(form, value) ? [] : [`${name} must be ${described(form)}`]
  })
}

/**
 * The member that `name=value` on the command line means. The value is read as JSON if it is JSON of the form that the member has, and as
 * text otherwise. Throws RangeError for an unknown member or a value of the wrong type.
 */
export function memberFromText(text: string): readonly [name: string, value: unknown] {
  const [name = '', ...rest] = text.split('=')
  const written = rest.join('=')
  const form = Object.hasOwn(memberForms, name) ? memberForms[name] : undefined
  if (form === undefined || rest.length === 0) {
    const meant = rest.length === 0 ? undefined : nearestName(name, operatorMembers)
    throw new RangeError(
      meant === undefined
        ? `${JSON.stringify(text)} is not <member>=<value> with one of the members ${operatorMembers.join(', ')}`
        : `${name} is not a member: did you mean ${meant}?`,
    )
  }
  const values = [written, parsed(written)]
  const value = values.find((candidate) => hasForm(form, candidate))
  if (value === undefined) throw new RangeError(`${name} must be ${described(form)}`)
  return [name, value]
}

function parsed(written: string): unknown {
  try {
    return JSON.parse(written)
  } catch {
    return undefined
  }
}

/** How the person is asked about the client; `ask` for every client whose operator said nothing. */
export function consentModeOf(client: Readonly<Record<string, unknown>>): ConsentMode {
  const mode = client['made_by_operator'] === true ? client['consent'] : undefined
  return consentModes.find((known) => known === mode) ?? 'ask'
}
