/**
 * A front for an authorization server that MCP clients cannot use directly, because it has no open registration, allows no arbitrary
 * loopback ports, refuses `resource`, or has metadata that clients do not understand. The front is an issuer of its own, with its own
 * metadata and Gatehouse's registration rules. People sign in and consent upstream; tokens are the upstream server's and are verified as
 * such. Runs next to a resource server, on any framework, with web-standard requests and responses.
 *
 * Checked: what may be registered, redirect URIs, PKCE with S256, the browser that comes back, the issuer of the answer. Not checked:
 * tokens, secrets and codes, which the upstream server does.
 */

import { OAuthError } from '../oauth/errors.js'
import { canParseUrl } from '../oauth/url.js'
import { type PublishedDocument, publishDocument } from '../resource-server/metadata.js'
import { errorAnswer, jsonAnswer, methodNotAllowed, preflightAnswer } from './answers.js'
import { type AuthorizationParts, askPerson, confirmPerson, returnPerson } from './authorization.js'
import { readText } from './body.js'
import { createPressGuard } from './deliberate-press.js'
import { createFrontClients } from './front-client.js'
import { createFrontState } from './front-state.js'
import { type IssuerFrontOptions, paths } from './options.js'
import { problemPage } from './page.js'
import { createRegistration } from './registration.js'
import { type Sender, senderOf } from './sender-limit.js'
import { createFormEndpoint, type FormEndpoint } from './tokens.js'
import { endpointIn, strings, upstreamDocument } from './upstream.js'

export interface IssuerFront {
  /** The issuer for `authorization_servers` in the protected resource metadata. */
  readonly issuer: string
  /**
   * The response, or `undefined` for a path that is not the front's. `url` must have the public origin. `address`: the client's address, as
   * seen by your outermost trusted proxy; without it registrations are limited by their total only. Never rejects.
   */
  handle(request: Request, address?: string): Promise<Response | undefined>
}

const documentPaths: readonly string[] = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]
const longestBody = 65_536
const maxAgeSeconds = 300

/** RFC 8414 §2. Describes the front, which supports less than the upstream server. */
async function describe(options: IssuerFrontOptions): Promise<PublishedDocument> {
  const { issuer } = options
  const document = await upstreamDocument(options)
  if (!strings(document['code_challenge_methods_supported']).includes('S256')) {
    throw new OAuthError('server_error', 'the authorization server does not offer PKCE with S256')
  }
  const scopes = strings(document['scopes_supported'])
  const grants = strings(document['grant_types_supported'])
  return publishDocument(
    {
      issuer,
      authorization_endpoint: issuer + paths.authorization,
      token_endpoint: issuer + paths.token,
      registration_endpoint: issuer + paths.registration,
      ...(endpointIn(document, 'revocation_endpoint') !== undefined && {
        revocation_endpoint: issuer + paths.revocation,
      }),
      ...(scopes.length > 0 && { scopes_supported: scopes }),
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', ...grants.filter((grant) => grant === 'refresh_token')],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    },
    maxAgeSeconds,
  )
}

async function readBody(request: Request): Promise<string> {
  const text = await readText(request, longestBody)
  if (text === undefined) throw new OAuthError('invalid_request', 'the request body is too large', { status: 413 })
  return text
}

function demandType(request: Request, type: string): void {
  const given = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (given !== type) throw new OAuthError('invalid_request', `the content type must be ${type}`)
}

interface FrontParts extends AuthorizationParts {
  readonly register: (body: string, sender: Sender) => Promise<Response>
  readonly forms: FormEndpoint
}

async function answerProgram(
  path: string,
  request: Request,
  address: string | undefined,
  { register, forms }: FrontParts,
): Promise<Response> {
  if (request.method === 'OPTIONS') return preflightAnswer()
  if (request.method !== 'POST') return methodNotAllowed('POST, OPTIONS')
  const isRegistration = path === paths.registration
  demandType(request, isRegistration ? 'application/json' : 'application/x-www-form-urlencoded')
  const body = await readBody(request)
  const sender = senderOf(request, address)
  if (isRegistration) return register(body, sender)
  return forms(path === paths.token ? 'token' : 'revocation', body, request.headers.get('authorization'), sender)
}

async function answerDocument(request: Request, options: IssuerFrontOptions): Promise<Response> {
  if (request.method === 'OPTIONS') return preflightAnswer()
  if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed('GET, HEAD, OPTIONS')
  const { body, headers } = await describe(options)
  return jsonAnswer(200, JSON.parse(body), headers)
}

function failureOf(error: unknown, report: IssuerFrontOptions['report']): OAuthError {
  const known =
    error instanceof OAuthError ? error : new OAuthError('server_error', 'something went wrong', { cause: error })
  if (known.status >= 500) report?.(known.detail ?? String(known.cause ?? known.message))
  return known
}

/** Throws a RangeError for a secret that is too short, and an Error for an issuer that is not an origin. */
export function createIssuerFront(options: IssuerFrontOptions): IssuerFront {
  const { issuer, report } = options
  if (!canParseUrl(issuer) || new URL(issuer).origin !== issuer)
    throw new Error('a front must be an origin, without a path')
  const clients = createFrontClients(options.secret)
  const parts: FrontParts = {
    options,
    clients,
    state: createFrontState(options.secret, options.clock),
    presses: createPressGuard(options.secret, options.clock),
    register: createRegistration(options, clients),
    forms: createFormEndpoint(options, clients),
  }
  const programs: ReadonlySet<string> = new Set([paths.registration, paths.token, paths.revocation])
  const people: Readonly<Record<string, typeof askPerson>> = {
    [paths.authorization]: askPerson,
    [paths.confirmation]: confirmPerson,
    [paths.callback]: returnPerson,
  }
  return {
    issuer,
    handle: async (request, address) => {
      const { pathname } = new URL(request.url)
      const forPerson = Object.hasOwn(people, pathname) ? people[pathname] : undefined
      if (forPerson !== undefined) {
        if (request.method !== 'GET') return methodNotAllowed('GET')
        return forPerson(request, parts).catch((error: unknown) => {
          failureOf(error, report)
          return problemPage(503, 'The sign-in service does not answer. Try again in a moment.')
        })
      }
      const isDocument = documentPaths.includes(pathname)
      if (!isDocument && !programs.has(pathname)) return undefined
      const answer = isDocument ? answerDocument(request, options) : answerProgram(pathname, request, address, parts)
      return answer.catch((error: unknown) => errorAnswer(failureOf(error, report)))
    },
  }
}
