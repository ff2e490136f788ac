/**
 * Authorization server metadata (RFC 8414) and keys: the engine's documents, corrected and kept as text. One truth under every
 * well-known name; the origin is pinned before, so nothing in them depends on the request.
 */
import { createHash } from 'node:crypto'
import type { HttpMiddleware } from '../../http/context.js'
import type { FindPreparedAnswer } from '../../http/prepared-answers.js'
import type { DeclarationsInForce } from '../../oauth/declared-resource.js'
import { type GrantSwitches, grantTypeNamed, grantTypes, isOn } from '../../oauth/grant-types.js'
import { revocationFeedMember } from '../../oauth/well-known.js'
import type { KeyRing } from '../../storage/keys/key-ring.js'
import type { Resources } from '../resources/resources.js'
import { revocationFeedPath, routes, wellKnownPaths } from '../routes.js'
import { defaultHeaders } from './canonical-paths.js'

/** How long clients and resource servers may keep a document. New keys are published longer than this before they sign. */
export const documentMaxAgeSeconds = 300

/** Values of `prompt` (Initiating User Registration via OpenID Connect §4.1 registers the member). */
const promptValues = ['none', 'login', 'consent'] as const

interface CachedDocument {
  readonly headers: Readonly<Record<string, string>>
  /** All of an answer without the app, names and values in turn. */
  readonly allHeaders: readonly string[]
  /** Text, not bytes: Node sends it in one piece with its head. */
  readonly body: string
}

type Document = Record<string, unknown>

/** `type`: of its content, as the engine names it. */
function toCache(document: Document, type: string): CachedDocument {
  const body = JSON.stringify(document)
  const headers = {
    'access-control-allow-origin': '*',
    'cache-control': `public, max-age=${documentMaxAgeSeconds}`,
    'content-type': type,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    'x-content-type-options': 'nosniff',
  }
  const length = { 'content-length': String(Buffer.byteLength(body)) }
  return { body, headers, allHeaders: Object.entries({ ...defaultHeaders, ...headers, ...length }).flat() }
}

/** A grant that the engine knows while it is off is not announced, nor its profile (MCP enterprise-managed authorization). */
function announcedGrants(document: Document, switches: GrantSwitches): Document {
  const known: readonly unknown[] = Array.isArray(document['grant_types_supported'])
    ? document['grant_types_supported']
    : []
  const profiles = grantTypes.flatMap((grant) =>
    grant.profile !== undefined && isOn(grant, switches) ? [grant.profile] : [],
  )
  const isAnnounced = (name: unknown) => {
    const grant = grantTypeNamed(name)
    return grant === undefined || isOn(grant, switches)
  }
  return {
    grant_types_supported: known.filter(isAnnounced),
    ...(profiles.length > 0 && { authorization_grant_profiles_supported: profiles }),
  }
}

function corrected(document: Document, { resources, switches, languages }: DocumentOptions): Document {
  const openid = Array.isArray(document['scopes_supported']) ? document['scopes_supported'] : []
  return {
    ...document,
    ...announcedGrants(document, switches),
    // The engine knows resource scopes only through resource indicators; clients look for them here.
    scopes_supported: [...new Set([...openid, ...resources.scopeNames])],
    [revocationFeedMember]: `${document['issuer']}${revocationFeedPath}`,
    ui_locales_supported: [...languages],
    prompt_values_supported: [...promptValues],
    // RFC 9728 §4. A family has no URL that could be listed.
    protected_resources: resources.all.flatMap(({ url, aliases, isPattern }) => (isPattern ? [] : [url, ...aliases])),
  }
}

/**
 * The documents' paths and where the engine has them. An issuer with a path has them three times: with the path inserted after
 * the well-known name (RFC 8414 §3.1, OpenID Connect as MCP clients try it), appended to the path (OpenID Connect Discovery §4;
 * the door has taken the path off), and at the root of the host, where clients of 2025-03-26 look.
 */
function documentPaths(issuerPath: string): ReadonlyMap<string, string> {
  return new Map([
    ...wellKnownPaths.map((path) => [path, path] as const),
    ...wellKnownPaths.map((path) => [`${path}${issuerPath}`, path] as const),
    [routes.jwks, routes.jwks],
  ])
}

/** Request targets, as this server is asked for its paths from outside, and the path inside that each means: see `canonicalisePaths`. */
function targets(paths: Iterable<string>, basePath: string): ReadonlyMap<string, string> {
  return new Map(
    [...paths].flatMap((path) => [
      ...(path.startsWith('/.well-known/') ? [[path, path] as const] : []),
      [`${basePath}${path}`, path] as const,
    ]),
  )
}

export interface DocumentOptions {
  /** Path of the issuer. */
  readonly basePath: string
  /** Other declarations: the documents of the old ones are forgotten. */
  readonly declarations: DeclarationsInForce
  readonly resources: Resources
  readonly switches: GrantSwitches
  /** Of the pages (BCP 47). */
  readonly languages: readonly string[]
  /** Other keys: the document of the old ones is forgotten. */
  readonly keyRing: Pick<KeyRing, 'follow'>
}

export interface ServedDocuments {
  /** Ahead of the engine, which follows the same keys: answers the documents from memory once the engine has made them. */
  readonly middleware: HttpMiddleware
  /** The same answers, ahead of the app, as soon as there are any. */
  readonly prepared: FindPreparedAnswer
}

export function serveDocuments(options: DocumentOptions): ServedDocuments {
  const { basePath, keyRing } = options
  const paths = documentPaths(basePath)
  const cache = new Map<string, CachedDocument>()
  let declared = options.declarations.current()
  const kept = () => {
    const current = options.declarations.current()
    if (current !== declared) cache.clear()
    declared = current
    return cache
  }
  let keysInForce = 0
  keyRing.follow(() => {
    keysInForce += 1
    cache.delete(routes.jwks)
  })
  const middleware: HttpMiddleware = async (ctx, next) => {
    const source = paths.get(ctx.path.replace(/\/$/, ''))
    if (source === undefined) return next()
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      // A preflight, for one: clients in browsers send MCP-Protocol-Version along.
      ctx.path = source
      return next()
    }
    let document = kept().get(source)
    if (document === undefined) {
      ctx.path = source
      const [keysBefore, declaredBefore] = [keysInForce, declared]
      await next()
      if (ctx.status !== 200) return
      const made = ctx.body as Document
      const served = source === routes.jwks ? made : corrected(made, options)
      document = toCache(served, ctx.response.get('content-type'))
      // One that was made while they changed is of the old ones: it is answered, and never kept.
      const isCurrent = keysBefore === keysInForce && declaredBefore === options.declarations.current()
      if (isCurrent) cache.set(source, document)
    }
    ctx.status = 200
    ctx.body = document.body
    // After the body, of which Koa would guess the type.
    ctx.set(document.headers)
    if (ctx.fresh) ctx.status = 304
  }
  const insideOf = targets(paths.keys(), basePath)
  const prepared: FindPreparedAnswer = (target) => {
    const path = insideOf.get(target)
    const document = path === undefined ? undefined : kept().get(paths.get(path) ?? '')
    if (path === undefined || document === undefined) return undefined
    return { path, headers: document.allHeaders, body: document.body }
  }
  return { middleware, prepared }
}
