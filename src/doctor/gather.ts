/**
 * Acts as a client from the MCP URL to the authorization server's endpoints and records every response. At most about forty requests in six
 * steps, those of one step at once; no step waits longer than the network's time limit.
 */

import type { Clock } from '../base/clock.js'
import { type Challenge, parseChallenges } from '../oauth/challenge.js'
import { canParseUrl } from '../oauth/url.js'
import { authorizationServerMetadataUrls, protectedResourceMetadataUrl } from '../oauth/well-known.js'
import type { Answer, DiagnosticNetwork, Exchange, ProbeRequest } from './diagnostic-network.js'
import {
  type CrossOriginPair,
  documentOf,
  type EndpointEvidence,
  type Evidence,
  type MetadataCopy,
  type ServerEvidence,
} from './evidence.js'
import { answerOf, type JsonObject, jsonOf, readDocument, stringIn, stringsIn } from './exchange.js'
import * as requests from './requests.js'
import { isInternalHost, isWebAddress } from './web-address.js'

interface Probe {
  readonly send: (request: ProbeRequest) => Promise<Exchange>
  readonly mayContact: (url: string) => boolean
  readonly exchanges: readonly Exchange[]
}

/** Records every exchange, and does not contact private addresses that a public deployment wrongly names. */
function createProbe(network: DiagnosticNetwork, startUrl: string): Probe {
  const exchanges: Exchange[] = []
  const isInside = isInternalHost(new URL(startUrl).hostname)
  const mayContact = (url: string) => isInside || !isInternalHost(new URL(url).hostname)
  const send = async (request: ProbeRequest): Promise<Exchange> => {
    const exchange: Exchange = mayContact(request.url)
      ? await network.send(request)
      : { request, silence: 'not-contacted', detail: 'an internal address is not contacted' }
    exchanges.push(exchange)
    return exchange
  }
  return { send, mayContact, exchanges }
}

/** A hostile document may name any number of addresses. */
const maxNamed = 40
const maxOrigins = 6

/** `Claude-User` is blocked by rules against crawlers, an empty name by rules against scripts (claude-ai-mcp#49, claude-code#47390). */
const otherPrograms = [
  { program: 'Claude on the web and on the desktop', userAgent: 'Claude-User' },
  { program: 'Claude Code, while it looks for the metadata', userAgent: '' },
] as const

async function examineEndpoint({ send }: Probe, url: string, first: Exchange): Promise<EndpointEvidence> {
  const start = requests.initialize(url)
  const session = answerOf(first)?.headers.get('mcp-session-id') ?? null
  const [badToken, get, end, asOthers] = await Promise.all([
    send(requests.withHeaders(start, { authorization: 'Bearer gatehouse-doctor-made-this-up' })),
    send(requests.openStream(url)),
    send(requests.endSession(url, session)),
    Promise.all(
      otherPrograms.map(async ({ program, userAgent }) => {
        const exchange = await send(requests.withHeaders(start, { 'user-agent': userAgent }))
        return { program, userAgent, exchange }
      }),
    ),
  ])
  return { unauthenticated: first, badToken, get, delete: end, asOthers }
}

type Place = Pick<MetadataCopy, 'place' | 'kind' | 'url'>

async function readCopy({ send }: Probe, place: Place): Promise<MetadataCopy> {
  const exchange = await send(requests.document(place.url))
  return { ...place, exchange, reading: readDocument(exchange) }
}

/** In the order clients look (MCP authorization, "Protected Resource Metadata Discovery Requirements"). */
function resourceMetadataPlaces(url: string, challenged: string | undefined): Place[] {
  const inserted = protectedResourceMetadataUrl(url)
  const root = `${new URL(url).origin}/.well-known/oauth-protected-resource`
  return [
    ...(isWebAddress(challenged)
      ? [{ place: 'named by the challenge', kind: 'challenge' as const, url: challenged }]
      : []),
    { place: 'path-inserted', kind: 'path', url: inserted },
    ...(root === inserted ? [] : [{ place: 'at the root', kind: 'root' as const, url: root }]),
  ]
}

function serverMetadataPlaces(issuer: string): Place[] {
  const [oauth = issuer, openid = issuer, appended] = authorizationServerMetadataUrls(issuer)
  return [
    { place: 'RFC 8414', kind: 'oauth', url: oauth },
    { place: 'OpenID Connect', kind: 'openid', url: openid },
    ...(appended === undefined
      ? []
      : [{ place: 'OpenID Connect, appended', kind: 'openid-appended' as const, url: appended }]),
  ]
}

async function takeBack({ send }: Probe, exchange: Exchange): Promise<void> {
  const answer = answerOf(exchange)
  const registered = answer !== undefined && answer.status < 300 ? jsonOf(answer) : undefined
  const url = registered && stringIn(registered, 'registration_client_uri')
  const accessToken = registered && stringIn(registered, 'registration_access_token')
  if (isWebAddress(url) && accessToken !== undefined) await send(requests.unregister(url, accessToken))
}

async function examineServer(probe: Probe, issuer: string): Promise<ServerEvidence> {
  const copies = await Promise.all(serverMetadataPlaces(issuer).map((place) => readCopy(probe, place)))
  const document = documentOf(copies) ?? {}
  const at = async (name: string, request: (url: string) => ProbeRequest) => {
    const url = document[name]
    return isWebAddress(url) ? probe.send(request(url)) : undefined
  }
  const [authorization, token, registration, keys] = await Promise.all([
    at('authorization_endpoint', requests.visit),
    at('token_endpoint', requests.token),
    at('registration_endpoint', requests.registration),
    at('jwks_uri', requests.document),
  ])
  if (registration !== undefined) await takeBack(probe, registration)
  const keySet = keys === undefined ? undefined : { exchange: keys, reading: readDocument(keys) }
  return { issuer, copies, authorization, token, registration, keys: keySet }
}

async function examineOrigin(probe: Probe, url: string): Promise<Evidence['origin']> {
  const { origin } = new URL(url)
  const place = `${origin}/.well-known/oauth-authorization-server`
  const metadata = await readCopy(probe, { place: 'on the MCP origin', kind: 'root', url: place })
  const token = 'document' in metadata.reading ? undefined : await probe.send(requests.token(`${origin}/token`))
  return { metadata, token }
}

function isRefused(exchange: Exchange | undefined): boolean {
  return (answerOf(exchange)?.status ?? 0) >= 400
}

type Target = Pick<CrossOriginPair, 'target' | 'headers'> & { readonly request: ProbeRequest }

/** Headers of a page that cause a preflight. */
function crossOriginTargets(
  url: string,
  resourceCopies: readonly MetadataCopy[],
  server: ServerEvidence | undefined,
): Target[] {
  const found = (copies: readonly MetadataCopy[]) => copies.find(({ reading }) => 'document' in reading)
  const [resource, metadata] = [found(resourceCopies), server && found(server.copies)]
  const asDocument = (target: Target['target'], copy: MetadataCopy | undefined): Target[] =>
    copy === undefined ? [] : [{ target, headers: ['mcp-protocol-version'], request: requests.document(copy.url) }]
  const again = (target: Target['target'], headers: readonly string[], exchange: Exchange | undefined): Target[] =>
    exchange === undefined ? [] : [{ target, headers, request: exchange.request }]
  return [
    {
      target: 'endpoint',
      headers: ['authorization', 'content-type', 'mcp-protocol-version', 'mcp-session-id', 'mcp-method', 'mcp-name'],
      request: requests.initialize(url),
    },
    ...asDocument('resource-metadata', resource),
    ...asDocument('server-metadata', metadata),
    ...again('token', ['authorization'], server?.token),
    // Not repeated for a server that registers anything.
    ...again('registration', ['content-type'], isRefused(server?.registration) ? server?.registration : undefined),
  ]
}

async function actAsPage(probe: Probe, { target, headers, request }: Target): Promise<CrossOriginPair> {
  const [preflight, actual] = await Promise.all([
    probe.send(requests.preflight(request, headers)),
    probe.send(requests.fromPage(request)),
  ])
  return { target, headers, preflight, actual }
}

function namedUrls(challenged: string | undefined, documents: readonly (JsonObject | undefined)[]): Evidence['named'] {
  const members = documents.flatMap((document) =>
    Object.entries(document ?? {}).flatMap(([name, value]) => {
      if (name === 'authorization_servers') return (stringsIn({ value }, 'value') ?? []).map((url) => ({ name, url }))
      const isAddress = /^(resource|issuer|jwks_uri|.*_endpoint)$/.test(name)
      return isAddress && typeof value === 'string' ? [{ name, url: value }] : []
    }),
  )
  const all = [...(challenged === undefined ? [] : [{ name: 'resource_metadata', url: challenged }]), ...members]
  const named = all.filter(({ url }) => canParseUrl(url))
  const isFirst = ({ name, url }: { name: string; url: string }, at: number) =>
    named.findIndex((one) => one.name === name && one.url === url) === at
  return named.slice(0, maxNamed).filter(isFirst)
}

/** The issuer that the metadata names; without any, the MCP origin, where clients of 2025-03-26 look. */
function issuerOf(resourceCopies: readonly MetadataCopy[], origin: Evidence['origin']): string | undefined {
  const [first] = stringsIn(documentOf(resourceCopies) ?? {}, 'authorization_servers') ?? []
  if (first !== undefined) return isWebAddress(first) ? first : undefined
  return 'document' in origin.metadata.reading ? new URL(origin.metadata.url).origin : undefined
}

/** The challenge that an MCP client uses: Bearer, otherwise DPoP, which few support. */
function challengeIn({ headers }: Answer): Challenge | undefined {
  const all = parseChallenges(headers.get('www-authenticate') ?? '')
  const ofScheme = (name: string) => all.find(({ scheme }) => scheme.toLowerCase() === name)
  return ofScheme('bearer') ?? ofScheme('dpop') ?? all[0]
}

export type Gathered = { readonly evidence: Evidence } | { readonly silence: Extract<Exchange, { silence: unknown }> }

/** `url` is an absolute http(s) URL. Returns `silence` if nothing answers there. */
export async function gather(url: string, network: DiagnosticNetwork, clock: Clock): Promise<Gathered> {
  const probe = createProbe(network, url)
  const at = clock.now()
  const first = await probe.send(requests.initialize(url))
  if ('silence' in first) return { silence: first }
  const challenge = challengeIn(first)
  const challenged = challenge?.parameters['resource_metadata']
  const [endpoint, origin, resourceMetadata] = await Promise.all([
    examineEndpoint(probe, url, first),
    examineOrigin(probe, url),
    Promise.all(resourceMetadataPlaces(url, challenged).map((place) => readCopy(probe, place))),
  ])
  const issuer = issuerOf(resourceMetadata, origin)
  const server = issuer === undefined ? undefined : await examineServer(probe, issuer)
  const targets = crossOriginTargets(url, resourceMetadata, server)
  const documents = targets.filter(({ request }) => request.method === 'GET').map(({ request }) => request)
  const named = namedUrls(challenged, [documentOf(resourceMetadata), server && documentOf(server.copies)])
  const origins = new Set([url, ...named.map((one) => one.url)].map((one) => new URL(one).origin))
  const secure = [...origins].filter((one) => one.startsWith('https:') && probe.mayContact(one)).slice(0, maxOrigins)
  const [crossOrigin, forwarded, certificates] = await Promise.all([
    Promise.all(targets.map((target) => actAsPage(probe, target))),
    Promise.all(documents.map((request) => probe.send(requests.withForwardedHost(request)))),
    Promise.all(secure.map((one) => network.certificate(one))),
  ])
  const evidence = {
    url,
    endpoint,
    challenge,
    resourceMetadata,
    server,
    origin,
    crossOrigin,
    forwarded,
    certificates: certificates.filter((report) => report !== undefined),
    named,
    exchanges: probe.exchanges,
    at,
  }
  return { evidence }
}
