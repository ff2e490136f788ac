/**
 * Rewrites what clients send before the engine sees it, at the endpoints that take OAuth parameters: every spelling of a resource
 * becomes its canonical one, `scope` becomes what it means here (`requested-scopes.ts`), and parameters without a meaning in the
 * request are left out (`ignored-parameters.ts`). Does not judge anything: unknown resources and repeated parameters pass on to the
 * engine's checks.
 */

import type { IncomingMessage } from 'node:http'
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { readBody } from '../../http/form.js'
import { formatChallenge } from '../../oauth/challenge.js'
import { OAuthError } from '../../oauth/errors.js'
import { grantTypeNamed } from '../../oauth/grant-types.js'
import { withLoopbackPath } from '../../oauth/redirect-uri.js'
import type { ResourceDeclaration } from '../../oauth/resource.js'
import { giveParameters } from '../engine/engine-parameters.js'
import type { Resources } from '../resources/resources.js'
import { routes } from '../routes.js'
import { clientWithoutSecret } from './authorization-header.js'
import { dropIgnoredParameters } from './ignored-parameters.js'
import { answerAsObjectAsks } from './refused-request-object.js'
import { narrowingScopes, scopesForMachine, scopesForPerson } from './requested-scopes.js'

/** The engine refuses larger bodies itself; this is its limit. */
const bodyLimit = 56 * 1024
/** An authorization request is stored before anybody signs in: posted it may be as long as a URL may be, and no longer. */
const authorizationLimit = 16 * 1024

/**
 * The engine's parser reads 1,000 parameters and ignores the others without a word (Node's `querystring.parse`). Beyond it, a parameter
 * that this module judged or wrote would not be the one that the engine sees. Honest requests have some 30.
 */
const mostParameters = 500

/** Each is a part of the consent page, and a person should be able to read that. */
const mostResources = 20

const authorizationPaths: ReadonlySet<string> = new Set(['/authorize', '/par', '/device/authorize'])

function canonicalise(parameters: URLSearchParams, resources: Resources): void {
  const sent = parameters.getAll('resource')
  // RFC 6749 §3.1: a parameter without a value counts as left out.
  const given = sent.filter((value) => value !== '')
  // Named twice, under two of its names, it is one.
  const canonical = [...new Set(given.map((value) => resources.find(value)?.resource ?? value))]
  if (canonical.length > mostResources)
    throw new OAuthError('invalid_request', `there are more than ${mostResources} resources`)
  if (sent.length === canonical.length && sent.every((value, index) => value === canonical[index])) return
  parameters.delete('resource')
  for (const value of canonical) parameters.append('resource', value)
}

/** Throws `invalid_request` for more parameters than the engine is sure to read. */
function readParameters(encoded: string): URLSearchParams {
  const parameters = new URLSearchParams(encoded)
  if (parameters.size <= mostParameters) return parameters
  throw new OAuthError('invalid_request', `there are more than ${mostParameters} parameters`)
}

/** The resources of the request; `undefined` when one of them is unknown, which the engine refuses. */
function namedResources(parameters: URLSearchParams, resources: Resources): ResourceDeclaration[] | undefined {
  const given = parameters.getAll('resource')
  const named = given.flatMap((value) => resources.find(value) ?? [])
  return named.length === given.length ? named : undefined
}

/** The `scope` that the request means; `undefined` for one that names no scope, and leaves the choice to the grant. */
function meantScope(path: string, parameters: URLSearchParams, resources: Resources): string | undefined {
  const scope = parameters.get('scope') ?? undefined
  const named = namedResources(parameters, resources)
  if (named === undefined) return scope
  if (authorizationPaths.has(path)) return scopesForPerson(scope, named, resources)
  const grantType = grantTypeNamed(parameters.get('grant_type'))
  if (grantType?.subject === 'client') {
    const resource = named[0] ?? resources.fallback
    return resource === undefined ? scope : scopesForMachine(scope, resource)
  }
  return narrowingScopes(scope, resources, grantType?.redirect === 'goes along')
}

function rewriteScope(path: string, parameters: URLSearchParams, resources: Resources): void {
  // The engine refuses a repeated parameter.
  if (parameters.getAll('scope').length > 1) return
  const scope = meantScope(path, parameters, resources)
  if (scope === undefined) parameters.delete('scope')
  else parameters.set('scope', scope)
}

/** Endpoints at which a client authenticates, by the header or by parameters. */
const authenticatedPaths: ReadonlySet<string> = new Set([
  '/par',
  '/device/authorize',
  routes.token,
  routes.introspection,
  routes.revocation,
])

/**
 * An empty secret is no secret (RFC 6749 §2.3.1, §3.1): a public client that sends one, in the header or the body, authenticates with
 * `none`. A confidential client is refused as it is without any credential.
 */
function dropEmptySecret(ctx: HttpContext, parameters: URLSearchParams): { readonly wasInHeader: boolean } {
  if (parameters.has('client_secret') && parameters.getAll('client_secret').every((secret) => secret === ''))
    parameters.delete('client_secret')
  const clientId = clientWithoutSecret(ctx.req)
  if (clientId === undefined) return { wasInHeader: false }
  const given = parameters.getAll('client_id').filter((named) => named !== '')
  // Two clients in one request are the engine's to refuse.
  if (given.some((named) => named !== clientId)) return { wasInHeader: false }
  delete ctx.req.headers.authorization
  if (given.length === 0) parameters.set('client_id', clientId)
  return { wasInHeader: true }
}

/** RFC 6749 §5.2: a client that tried by the header is challenged by the header. The engine does not see that it did. */
async function challengeByHeader(ctx: HttpContext, next: () => Promise<unknown>): Promise<void> {
  await next()
  const parameters = { realm: `${ctx.state.origin}${ctx.state.basePath}`, error: 'invalid_client' }
  if (ctx.status === 401) ctx.set('www-authenticate', formatChallenge({ scheme: 'Basic', parameters }))
}

/**
 * Without a value they are left out (RFC 6749 §3.1), for the engine too: the request brings its own parameters, which are rewritten like those
 * of any other.
 */
function dropEmptyReferences(parameters: URLSearchParams): void {
  for (const name of ['request', 'request_uri']) {
    if (parameters.getAll(name).every((value) => value === '')) parameters.delete(name)
  }
}

function rewrite(path: string, parameters: URLSearchParams, resources: Resources): void {
  dropEmptyReferences(parameters)
  if (authorizationPaths.has(path)) answerAsObjectAsks(parameters)
  // RFC 6749 appendix A allows it nowhere, and PostgreSQL cannot keep it.
  if ([...parameters].flat().some((text) => text.includes('\0'))) {
    throw new OAuthError('invalid_request', 'a parameter holds the character U+0000')
  }
  canonicalise(parameters, resources)
  // The same at the authorization request and at the token request, where the engine compares the two.
  const [redirect, ...others] = parameters.getAll('redirect_uri')
  if (redirect !== undefined && others.length === 0) parameters.set('redirect_uri', withLoopbackPath(redirect))
  // A pushed request or request object brings its own scope.
  if (parameters.has('request_uri') || parameters.has('request')) return
  rewriteScope(path, parameters, resources)
  if (authorizationPaths.has(path)) dropIgnoredParameters(parameters)
}

const parsed = new WeakMap<IncomingMessage, URLSearchParams>()

/** The parameters of a form that `normaliseParameters` has rewritten; `undefined` for any other request. */
export function formParametersOf(ctx: HttpContext): URLSearchParams | undefined {
  return parsed.get(ctx.req)
}

/** Middleware for the authorization, pushed authorization, device authorization, token, introspection and revocation endpoints. */
export function normaliseParameters(resources: Resources): HttpMiddleware {
  return async (ctx, next) => {
    if (!authorizationPaths.has(ctx.path) && !authenticatedPaths.has(ctx.path)) return next()
    if (ctx.method === 'GET' && ctx.path === '/authorize') {
      const parameters = readParameters(ctx.querystring)
      rewrite(ctx.path, parameters, resources)
      giveParameters(ctx, parameters)
    } else if (ctx.method === 'POST' && ctx.is('application/x-www-form-urlencoded') !== false) {
      const body = await readBody(ctx.req, authorizationPaths.has(ctx.path) ? authorizationLimit : bodyLimit)
      const parameters = readParameters(body.toString('utf8'))
      const { wasInHeader } = authenticatedPaths.has(ctx.path)
        ? dropEmptySecret(ctx, parameters)
        : { wasInHeader: false }
      if (ctx.path !== routes.introspection && ctx.path !== routes.revocation) rewrite(ctx.path, parameters, resources)
      giveParameters(ctx, parameters)
      parsed.set(ctx.req, parameters)
      if (wasInHeader) return challengeByHeader(ctx, next)
    }
    return next()
  }
}
