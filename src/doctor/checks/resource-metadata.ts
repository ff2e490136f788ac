/** Checks of the protected resource metadata (RFC 9728). */
import { challengeScopes, type Evidence, type MetadataCopy, resourceDocument } from '../evidence.js'
import { describeExchange, isAnswer, stringIn, stringsIn } from '../exchange.js'
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import { differenceOf, isWebAddress } from '../web-address.js'
import { allFormProblems, disagreements } from './documents.js'

function isDocument({ reading }: MetadataCopy): boolean {
  return 'document' in reading
}

/** Absent, as opposed to an address that redirects or fails, which is a separate problem. */
function isAbsent({ reading }: MetadataCopy): boolean {
  return 'flaw' in reading && reading.flaw === 'absent'
}

function found({ resourceMetadata: copies }: Evidence): Problem[] | undefined {
  // Silence is reported separately.
  if (copies.every(({ exchange }) => !isAnswer(exchange))) return undefined
  const tried = copies.map(({ exchange }) => describeExchange(exchange)).join('; ')
  if (!copies.some(isDocument)) return [problem('resource-metadata-missing', tried)]
  const dead = copies.filter((copy) => copy.kind === 'challenge' && isAbsent(copy))
  const noPath = copies.filter((copy) => copy.kind === 'path' && isAbsent(copy))
  const noRoot = copies.filter((copy) => copy.kind === 'root' && isAbsent(copy))
  return [
    ...dead.map(({ exchange }) => problem('challenged-metadata-missing', describeExchange(exchange))),
    ...noPath.map(({ exchange }) => problem('resource-metadata-not-at-path', describeExchange(exchange))),
    ...noRoot.map(({ exchange }) => problem('resource-metadata-not-at-root', describeExchange(exchange))),
  ]
}

function agreement({ resourceMetadata }: Evidence): Problem[] | undefined {
  if (resourceMetadata.filter(isDocument).length < 2) return undefined
  const members = ['resource', 'authorization_servers', 'scopes_supported']
  return disagreements(resourceMetadata, members).map((seen) => problem('resource-metadata-differs', seen))
}

function identity(evidence: Evidence): Problem[] | undefined {
  const document = resourceDocument(evidence)
  if (document === undefined) return undefined
  const { url } = evidence
  const resource = stringIn(document, 'resource')
  if (resource === undefined)
    return [problem('resource-absent', `"resource" is ${JSON.stringify(document['resource'])}`)]
  const seen = `"resource" is ${resource}, the URL in use is ${url}`
  const difference = differenceOf(url, resource)
  // For an origin, which has an empty path, every client treats the URL with and without the slash as equal.
  if (difference === undefined || (difference === 'slash' && new URL(url).pathname === '/')) return []
  return [problem(`resource-other-${difference}`, seen)]
}

function authorizationServers(evidence: Evidence): Problem[] | undefined {
  const document = resourceDocument(evidence)
  if (document === undefined) return undefined
  const servers = stringsIn(document, 'authorization_servers') ?? []
  if (servers.length === 0) {
    const value = JSON.stringify(document['authorization_servers']) ?? 'absent'
    return [problem('authorization-servers-missing', `"authorization_servers" is ${value}`)]
  }
  const [first = ''] = servers
  return [
    ...problemIf(!isWebAddress(first) || first.includes('?'), 'authorization-server-not-url', first),
    ...problemIf(servers.length > 1, 'authorization-servers-many', servers.join(', ')),
  ]
}

function scopes(evidence: Evidence): Problem[] | undefined {
  const document = resourceDocument(evidence)
  if (document === undefined) return undefined
  const supported = stringsIn(document, 'scopes_supported') ?? []
  return [
    ...problemIf(
      supported.length === 0 && challengeScopes(evidence).length === 0,
      'scopes-nowhere',
      'neither the challenge nor "scopes_supported" names a scope',
    ),
    ...problemIf(
      supported.includes('offline_access'),
      'resource-offline-access',
      `"scopes_supported" is ${supported.join(' ')}`,
    ),
  ]
}

function bearerMethods(evidence: Evidence): Problem[] | undefined {
  const document = resourceDocument(evidence)
  const methods = document && stringsIn(document, 'bearer_methods_supported')
  if (methods === undefined) return undefined
  const seen = `"bearer_methods_supported" is ${methods.join(' ')}`
  return [
    ...problemIf(!methods.includes('header'), 'bearer-header-missing', seen),
    ...problemIf(methods.includes('query'), 'bearer-in-query', seen),
  ]
}

export const resourceMetadataChecks: CheckGroup = {
  name: 'Protected resource metadata',
  checks: [
    { id: 'resource-metadata', title: 'the document is where clients look', examine: found },
    {
      id: 'resource-metadata-form',
      title: 'every copy is plain JSON, without redirects',
      examine: ({ resourceMetadata }) => allFormProblems(resourceMetadata),
    },
    { id: 'resource-metadata-agreement', title: 'all copies say the same', examine: agreement },
    { id: 'resource', title: '"resource" is the URL in use, character for character', examine: identity },
    { id: 'authorization-servers', title: 'an authorization server is named', examine: authorizationServers },
    { id: 'resource-scopes', title: 'the scopes to ask for are named', examine: scopes },
    { id: 'bearer-methods', title: 'tokens travel in the Authorization header', examine: bearerMethods },
  ],
}
