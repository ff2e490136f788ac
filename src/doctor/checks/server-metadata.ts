/** Checks of the authorization server's metadata (RFC 8414, OpenID Connect Discovery, RFC 9207). */
import { canonicalResource } from '../../oauth/resource.js'
import { canParseUrl } from '../../oauth/url.js'
import { authenticationMethods, challengeScopes, type Evidence, resourceDocument, serverDocument } from '../evidence.js'
import { describeExchange, isAnswer, type JsonObject, stringIn, stringsIn } from '../exchange.js'
import { type Check, type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import { differenceOf, isWebAddress } from '../web-address.js'
import { allFormProblems, disagreements } from './documents.js'

/** A check that needs the document. */
function about(id: string, title: string, examine: (document: JsonObject, evidence: Evidence) => Problem[]): Check {
  return {
    id,
    title,
    examine: (evidence) => {
      const document = serverDocument(evidence)
      return document === undefined ? undefined : examine(document, evidence)
    },
  }
}

function shown(document: JsonObject, name: string): string {
  return `"${name}" is ${JSON.stringify(document[name]) ?? 'absent'}`
}

function found({ server }: Evidence): Problem[] | undefined {
  if (server === undefined) return undefined
  const documents = server.copies.filter(({ reading }) => 'document' in reading)
  const tried = server.copies.map(({ exchange }) => describeExchange(exchange)).join('; ')
  // What does not answer at all is reported as such.
  if (server.copies.every(({ exchange }) => !isAnswer(exchange))) return undefined
  if (documents.length === 0) return [problem('server-metadata-missing', tried)]
  return problemIf(!documents.some(({ kind }) => kind === 'oauth'), 'server-metadata-openid-only', tried)
}

function form({ server }: Evidence): Problem[] | undefined {
  return server && allFormProblems(server.copies)
}

const agreedMembers = [
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'jwks_uri',
  'code_challenge_methods_supported',
  'client_id_metadata_document_supported',
  'token_endpoint_auth_methods_supported',
  'authorization_response_iss_parameter_supported',
]

function agreement({ server }: Evidence): Problem[] | undefined {
  if (server === undefined || server.copies.filter(({ reading }) => 'document' in reading).length < 2) return undefined
  return disagreements(server.copies, agreedMembers).map((seen) => problem('server-metadata-differs', seen))
}

function issuer(document: JsonObject, { server }: Evidence): Problem[] {
  const issuer = stringIn(document, 'issuer')
  if (issuer === undefined) return [problem('issuer-absent', shown(document, 'issuer'))]
  const expected = server?.issuer ?? issuer
  const difference = differenceOf(expected, issuer)
  if (difference === undefined) return []
  return [problem(`issuer-other-${difference}`, `"issuer" is ${issuer}, clients were sent to ${expected}`)]
}

function endpoints(document: JsonObject): Problem[] {
  const needed = ['authorization_endpoint', 'token_endpoint']
  const given = Object.keys(document).filter((name) => name.endsWith('_endpoint') || name === 'jwks_uri')
  return [
    ...needed.flatMap((name) => problemIf(document[name] === undefined, 'endpoint-absent', shown(document, name))),
    ...given.flatMap((name) => problemIf(!isWebAddress(document[name]), 'endpoint-not-url', shown(document, name))),
  ]
}

function pkce(document: JsonObject): Problem[] {
  const methods = stringsIn(document, 'code_challenge_methods_supported') ?? []
  const seen = shown(document, 'code_challenge_methods_supported')
  return [
    ...problemIf(!methods.includes('S256'), 'pkce-s256-missing', seen),
    ...problemIf(methods.includes('plain'), 'pkce-plain', seen),
  ]
}

function responseTypes(document: JsonObject): Problem[] {
  const types = stringsIn(document, 'response_types_supported') ?? []
  const seen = shown(document, 'response_types_supported')
  return [
    ...problemIf(!types.includes('code'), 'response-type-code-missing', seen),
    ...problemIf(
      types.some((type) => type.split(' ').includes('token')),
      'response-type-token',
      seen,
    ),
  ]
}

/** RFC 8414 §2: the default of the list is authorization_code and implicit. */
function grantTypes(document: JsonObject): Problem[] {
  const types = stringsIn(document, 'grant_types_supported') ?? ['authorization_code']
  const seen = shown(document, 'grant_types_supported')
  return [
    ...problemIf(!types.includes('authorization_code'), 'grant-type-code-missing', seen),
    ...problemIf(!types.includes('refresh_token'), 'grant-type-refresh-missing', seen),
  ]
}

function publicClients(document: JsonObject): Problem[] {
  const isOffered = authenticationMethods(document).includes('none')
  return problemIf(!isOffered, 'public-clients-missing', shown(document, 'token_endpoint_auth_methods_supported'))
}

function issuerInResponses(document: JsonObject): Problem[] {
  const name = 'authorization_response_iss_parameter_supported'
  return problemIf(document[name] !== true, 'iss-not-announced', shown(document, name))
}

function scopes(document: JsonObject, evidence: Evidence): Problem[] {
  const known = stringsIn(document, 'scopes_supported')
  const resource = resourceDocument(evidence)
  const asked = [...challengeScopes(evidence), ...((resource && stringsIn(resource, 'scopes_supported')) ?? [])]
  const unknown = known === undefined ? [] : [...new Set(asked)].filter((scope) => !known.includes(scope))
  return problemIf(unknown.length > 0, 'scope-unknown-to-server', `${unknown.join(' ')} is not in "scopes_supported"`)
}

/** Maximum list length in the report. */
const maxListed = 10

/** RFC 9728 §4. An issuer without the list makes no statement about its resources. */
function declaration(evidence: Evidence): Problem[] | undefined {
  const document = serverDocument(evidence)
  const listed = document && stringsIn(document, 'protected_resources')
  if (listed === undefined) return undefined
  const resource = stringIn(resourceDocument(evidence) ?? {}, 'resource') ?? evidence.url
  const canonical = (url: string) => canonicalResource(url) ?? url
  // Where the two differ, and only the URL in use is declared, `resource` has a problem of its own.
  const known = new Set(listed.map(canonical))
  if (known.has(canonical(resource)) || known.has(canonical(evidence.url))) return []
  const atHost = (url: string) =>
    canParseUrl(url) && canParseUrl(resource) && new URL(url).host === new URL(resource).host
  const near = listed.filter(atHost).slice(0, maxListed)
  const others = near.length === 0 ? 'nothing at its host' : near.join(', ')
  return [problem('resource-not-declared', `"protected_resources" has ${others}, and not ${resource}`)]
}

export const serverMetadataChecks: CheckGroup = {
  name: 'Authorization server metadata',
  checks: [
    { id: 'server-metadata', title: 'the document is where clients look', examine: found },
    { id: 'server-metadata-form', title: 'what is served is plain JSON, without redirects', examine: form },
    { id: 'server-metadata-agreement', title: 'all copies say the same', examine: agreement },
    about('issuer', '"issuer" is the one clients were sent to, character for character', issuer),
    about('endpoints', 'the endpoints are named by whole URLs', endpoints),
    about('pkce', 'PKCE with S256 is announced', pkce),
    about('response-types', 'the code flow is offered, and nothing weaker', responseTypes),
    about('grant-types', 'codes and refresh tokens are redeemed', grantTypes),
    about('public-clients', 'clients without a secret are accepted', publicClients),
    about('issuer-in-responses', '"iss" in authorization responses is announced', issuerInResponses),
    { id: 'protected-resources', title: 'the resource is declared here', examine: declaration },
    about('scopes', "the resource's scopes are known here", scopes),
  ],
}
