/**
 * The authorization through the upstream server: the front checks the request and shows it to the person, and sends the response to the
 * client's registered redirect URI, with this front as `iss` (RFC 9207). Only known parameters pass, in either direction.
 */
import { randomBytes } from 'node:crypto'
import { cookieSuffix } from '../oauth/cookie-names.js'
import { redirectKind } from '../oauth/redirect-uri.js'
import { isScopeToken, parseScope } from '../oauth/scope.js'
import { redirectAnswer } from './answers.js'
import { type PressGuard, requestIn } from './deliberate-press.js'
import type { FrontClient, FrontClients } from './front-client.js'
import type { FrontState } from './front-state.js'
import { type IssuerFrontOptions, paths } from './options.js'
import { confirmationPage, heldAnswerPage, problemPage, type Question, questionPage } from './page.js'
import { endpointIn, upstreamDocument } from './upstream.js'

export interface AuthorizationParts {
  readonly options: IssuerFrontOptions
  readonly clients: FrontClients
  readonly state: FrontState
  readonly presses: PressGuard
}

/** Parameters that are passed on unchanged. */
const passed: readonly string[] = [
  'acr_values',
  'code_challenge',
  'code_challenge_method',
  'login_hint',
  'max_age',
  'nonce',
  'prompt',
  'ui_locales',
]

const challengeSyntax = /^[A-Za-z0-9_-]{43}$/
const errorSyntax = /^[a-z_]{1,60}$/
/** RFC 6749 §4.1.2.1. */
const descriptionSyntax = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,200}$/

/** True if a parameter other than `resource` is repeated (RFC 6749 §3.1): it would be ambiguous. */
export function holdsDuplicates(parameters: URLSearchParams): boolean {
  const names = [...parameters.keys()].filter((name) => name !== 'resource')
  return new Set(names).size !== names.length
}

/** `resource` in the form that the upstream server expects. */
export function resourceParameters(
  parameters: URLSearchParams,
  { resource = 'pass' }: IssuerFrontOptions,
): [string, string][] {
  if (resource === 'drop') return []
  const name = resource === 'pass' ? 'resource' : resource.as
  return parameters.getAll('resource').map((value) => [name, value])
}

interface Problem {
  readonly error: string
  readonly error_description: string
}

function problemWith(parameters: URLSearchParams): Problem | undefined {
  const invalid = (error_description: string, error = 'invalid_request') => ({ error, error_description })
  if (parameters.get('response_type') !== 'code')
    return invalid('only the code flow is offered', 'unsupported_response_type')
  if (parameters.has('request')) return invalid('request objects are not offered', 'request_not_supported')
  if (parameters.has('request_uri')) return invalid('request_uri is not offered', 'request_uri_not_supported')
  const challenge = parameters.get('code_challenge') ?? ''
  if (parameters.get('code_challenge_method') !== 'S256' || !challengeSyntax.test(challenge)) {
    return invalid('a code_challenge with the method S256 is needed')
  }
  if (!['query', null].includes(parameters.get('response_mode'))) return invalid('only response_mode query is offered')
  if (!parseScope(parameters.get('scope') ?? '').every(isScopeToken))
    return invalid('a scope is malformed', 'invalid_scope')
  return undefined
}

function cookieName(issuer: string): string {
  return `${issuer.startsWith('https:') ? '__Host-' : ''}issuer-front${cookieSuffix(issuer)}`
}

/** The browser's binding; empty if it has none. */
function bindingOf(request: Request, issuer: string): string {
  const cookies = (request.headers.get('cookie') ?? '').split(';').map((cookie) => cookie.trim().split('='))
  const value = cookies.find(([name]) => name === cookieName(issuer))?.[1] ?? ''
  return /^[\w-]{43}$/.test(value) ? value : ''
}

function bindingCookie(binding: string, issuer: string): string {
  const secure = issuer.startsWith('https:') ? '; Secure' : ''
  return `${cookieName(issuer)}=${binding}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400${secure}`
}

/** The query for the upstream server. */
function upstreamQuery(
  parameters: URLSearchParams,
  client: FrontClient,
  state: string,
  options: IssuerFrontOptions,
): URLSearchParams {
  const scope = parameters.get('scope') || (options.defaultScopes ?? []).join(' ')
  return new URLSearchParams([
    ['response_type', 'code'],
    ['client_id', client.upstreamId],
    ['redirect_uri', options.issuer + paths.callback],
    ['state', state],
    ...(scope === '' ? [] : [['scope', scope] as [string, string]]),
    ...passed.flatMap((name) => parameters.getAll(name).map((value): [string, string] => [name, value])),
    ...resourceParameters(parameters, options),
  ])
}

/** A program on the person's own machine gets the error at once. For a website, the person has not confirmed the redirect yet. */
function problemAnswer(
  problem: Problem,
  redirectUri: string,
  parameters: Readonly<Record<string, string | undefined>>,
): Response {
  const answer = redirectAnswer(redirectUri, parameters)
  if (redirectKind(redirectUri) !== 'https') return answer
  return heldAnswerPage(problem.error_description, redirectUri, answer.headers.get('location') ?? '')
}

/** A request that may be shown to the person. */
interface CheckedRequest {
  readonly question: Question
  readonly continueUrl: string
  /** The browser's, or a new one. */
  readonly binding: string
  /** Sets a new one. */
  readonly cookie: string | undefined
}

/** Errors are redirected to the client only if the redirect URI is registered. */
async function checkRequest(
  request: Request,
  parameters: URLSearchParams,
  { options, clients, state }: AuthorizationParts,
): Promise<CheckedRequest | Response> {
  const { issuer } = options
  if (holdsDuplicates(parameters)) return problemPage(400, 'The request names something twice.')
  const client = clients.find(parameters.get('client_id') ?? '')
  if (client === undefined) return problemPage(400, 'This program is not registered here, or no longer.')
  const redirectUri = parameters.get('redirect_uri') ?? ''
  if (!client.allowsRedirect(redirectUri)) return problemPage(400, 'This program may not send you where it wants to.')
  const sent = parameters.get('state') ?? undefined
  const problem = problemWith(parameters)
  if (problem !== undefined) return problemAnswer(problem, redirectUri, { ...problem, state: sent, iss: issuer })
  const document = await upstreamDocument(options)
  const endpoint = endpointIn(document, 'authorization_endpoint')
  if (endpoint === undefined) return problemPage(503, 'The sign-in service does not answer properly.')
  const known = bindingOf(request, issuer)
  const binding = known === '' ? randomBytes(32).toString('base64url') : known
  const sealed = await state.seal({ redirectUri, state: sent }, binding)
  const separator = endpoint.includes('?') ? '&' : '?'
  const declined = redirectAnswer(redirectUri, { error: 'access_denied', state: sent, iss: issuer })
  return {
    question: {
      clientName: client.name,
      redirectUri,
      upstreamIssuer: String(document['issuer']),
      cancelUrl: declined.headers.get('location') ?? '',
    },
    continueUrl: `${endpoint}${separator}${upstreamQuery(parameters, client, sealed, options)}`,
    binding,
    cookie: known === '' ? bindingCookie(binding, issuer) : undefined,
  }
}

/** Checks an authorization request and asks the person. */
export async function askPerson(request: Request, parts: AuthorizationParts): Promise<Response> {
  const parameters = requestIn(new URL(request.url).searchParams)
  const checked = await checkRequest(request, parameters, parts)
  if (checked instanceof Response) return checked
  const { question, continueUrl, cookie } = checked
  return questionPage({ ...question, continueUrl, confirmUrl: `${paths.confirmation}?${parameters}` }, cookie)
}

const pressProblems = {
  'too-early': 'That was too quick to be meant. Read this page, then press again.',
  'wrong-number': 'That is not the number on this page. Type it if you have just started this yourself.',
} as const

/** Asks once more after a press that was not recognised as deliberate, and redirects after one that was. */
export async function confirmPerson(request: Request, parts: AuthorizationParts): Promise<Response> {
  const sent = new URL(request.url).searchParams
  const parameters = requestIn(sent)
  const checked = await checkRequest(request, parameters, parts)
  if (checked instanceof Response) return checked
  const { question, continueUrl, binding, cookie } = checked
  const press = parts.presses.read(sent, binding)
  if (press === 'meant') return redirectAnswer(continueUrl, {})
  const problem = press === undefined ? undefined : pressProblems[press]
  const shown = parts.presses.stamp(parameters, binding)
  return confirmationPage(
    { ...question, request: parameters, shown, number: parts.presses.numberFor(shown), problem },
    cookie,
  )
}

/** RFC 9207 §2.4: a response from a server that was not asked must not be forwarded. */
function isFromUpstream(parameters: URLSearchParams, document: Readonly<Record<string, unknown>>): boolean {
  const named = parameters.get('iss')
  if (named !== null) return named === document['issuer']
  return document['authorization_response_iss_parameter_supported'] !== true
}

/** Receives the upstream server's response and redirects the person to the client. */
export async function returnPerson(request: Request, { options, state }: AuthorizationParts): Promise<Response> {
  const parameters = new URL(request.url).searchParams
  const journey = await state.open(parameters.get('state') ?? '', bindingOf(request, options.issuer))
  if (journey === undefined || holdsDuplicates(parameters)) {
    return problemPage(400, 'This sign-in was started in another browser, or too long ago.')
  }
  if (!isFromUpstream(parameters, await upstreamDocument(options))) {
    return problemPage(400, 'The answer came from another sign-in service than the one that was asked.')
  }
  const { redirectUri, state: sent } = journey
  const code = parameters.get('code')
  const error = parameters.get('error') ?? 'server_error'
  const description = parameters.get('error_description') ?? ''
  return redirectAnswer(redirectUri, {
    ...(code === null
      ? {
          error: errorSyntax.test(error) ? error : 'server_error',
          error_description: descriptionSyntax.test(description) ? description : undefined,
        }
      : { code }),
    state: sent,
    iss: options.issuer,
  })
}
