/** Token and revocation requests (RFC 6749 §3.2, RFC 7009): with the upstream server's client id and redirect URI, otherwise unchanged. */
import { OAuthError } from '../oauth/errors.js'
import { jsonAnswer, tooMany } from './answers.js'
import { holdsDuplicates, resourceParameters } from './authorization.js'
import type { FrontClient, FrontClients } from './front-client.js'
import { type IssuerFrontOptions, paths } from './options.js'
import { createRefusalLimit, type Sender } from './sender-limit.js'
import { endpointIn, post, upstreamDocument } from './upstream.js'

const grantTypes: ReadonlySet<string | null> = new Set(['authorization_code', 'refresh_token'])

/** Parameters that are passed on unchanged if present. */
const passed: Readonly<Record<'token' | 'revocation', readonly string[]>> = {
  token: ['grant_type', 'code', 'code_verifier', 'refresh_token', 'scope', 'client_secret'],
  revocation: ['token', 'token_type_hint', 'client_secret'],
}

function unknownClient(): OAuthError {
  return new OAuthError('invalid_client', 'client authentication failed')
}

/** RFC 6749 §2.3.1: both halves are form-urlencoded before they are joined. */
function readBasic(header: string): { readonly id: string; readonly secret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header.trim())?.[1]
  if (encoded === undefined) return undefined
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  try {
    const decode = (value: string) => decodeURIComponent(value.replace(/\+/g, ' '))
    return { id: decode(id), secret: decode(secret.join(':')) }
  } catch {
    return undefined
  }
}

function basic(id: string, secret: string): string {
  const encode = (value: string) => new URLSearchParams([['', value]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`
}

/** The client, and its credentials for the upstream server. */
function authenticateUpstream(
  parameters: URLSearchParams,
  authorization: string | null,
  clients: FrontClients,
): { readonly client: FrontClient; readonly headers: Record<string, string>; readonly members: [string, string][] } {
  const presented = authorization === null ? undefined : readBasic(authorization)
  if (authorization !== null && presented === undefined) throw unknownClient()
  const named = parameters.get('client_id')
  if (presented !== undefined && named !== null && named !== presented.id) throw unknownClient()
  const client = clients.find(presented?.id ?? named ?? '')
  if (client === undefined) throw unknownClient()
  return presented === undefined
    ? { client, headers: {}, members: [['client_id', client.upstreamId]] }
    : { client, headers: { authorization: basic(client.upstreamId, presented.secret) }, members: [] }
}

export type FormEndpoint = (
  kind: 'token' | 'revocation',
  body: string,
  authorization: string | null,
  sender: Sender,
) => Promise<Response>

export function createFormEndpoint(options: IssuerFrontOptions, clients: FrontClients): FormEndpoint {
  const reserve = createRefusalLimit(options)
  return async (kind, body, authorization, sender) => {
    const parameters = new URLSearchParams(body)
    if (holdsDuplicates(parameters)) throw new OAuthError('invalid_request', 'a parameter is given twice')
    const { client, headers, members } = authenticateUpstream(parameters, authorization, clients)
    const grantType = parameters.get('grant_type')
    if (kind === 'token' && !grantTypes.has(grantType)) {
      throw new OAuthError('unsupported_grant_type', 'only authorization_code and refresh_token are offered')
    }
    const endpoint = endpointIn(await upstreamDocument(options), `${kind}_endpoint`)
    if (endpoint === undefined) throw new OAuthError('invalid_request', 'this is not offered here', { status: 404 })
    const form = new URLSearchParams([
      ...passed[kind].flatMap((name) => parameters.getAll(name).map((value): [string, string] => [name, value])),
      ...members,
      ...(grantType === 'authorization_code'
        ? [['redirect_uri', options.issuer + paths.callback] as [string, string]]
        : []),
      ...(kind === 'token' ? resourceParameters(parameters, options) : []),
    ])
    const { excess, giveBack } = reserve(sender, client.upstreamId)
    if (excess !== undefined) return tooMany('refused requests', excess.retryAfterSeconds)
    let counts = false
    try {
      const answer = await post(options, endpoint, form.toString(), {
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      })
      // The response to a revocation is the same whether or not the token existed (RFC 7009 §2.2).
      counts = kind === 'revocation' || answer.status >= 400
      const isUnknown = answer.body['error'] === 'invalid_client'
      return jsonAnswer(answer.status, answer.body, isUnknown ? { 'www-authenticate': 'Basic realm="token"' } : {})
    } finally {
      if (!counts) giveBack()
    }
  }
}
