/** Checks that the authorization server's endpoints exist, and refuse invalid requests as their specifications require. */
import type { Answer } from '../diagnostic-network.js'
import { announcesMetadataDocuments, type Evidence, serverDocument } from '../evidence.js'
import { answerOf, describeBody, describeExchange, isRedirect, oauthErrorOf, oauthRefusalOf } from '../exchange.js'
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import { isWebAddress } from '../web-address.js'

function ways(evidence: Evidence): Problem[] | undefined {
  const document = serverDocument(evidence)
  if (document === undefined) return undefined
  const hasDocuments = announcesMetadataDocuments(document)
  const hasRegistration = isWebAddress(document['registration_endpoint'])
  const status = answerOf(evidence.server?.registration)?.status
  if (!hasDocuments && !hasRegistration) {
    return [problem('no-registration', 'neither "client_id_metadata_document_supported" nor "registration_endpoint"')]
  }
  if (!hasDocuments && (status === 401 || status === 403)) {
    return [problem('no-open-registration', `the registration endpoint answers ${status}, and there is nothing else`)]
  }
  return [
    ...problemIf(!hasDocuments, 'metadata-documents-missing', '"client_id_metadata_document_supported" is not true'),
    ...problemIf(!hasRegistration, 'dynamic-registration-missing', 'there is no "registration_endpoint"'),
  ]
}

function registration({ server }: Evidence): Problem[] | undefined {
  const answer = answerOf(server?.registration)
  if (answer === undefined) return undefined
  const { status } = answer
  const seen = describeExchange(answer)
  if (status < 300) return [problem('registration-takes-anything', seen)]
  if (isRedirect(answer)) return [problem('endpoint-moved', seen)]
  if (status === 404 || status === 405) return [problem('registration-not-found', seen)]
  if (status >= 500) return [problem('registration-server-error', seen)]
  if (status === 401 || status === 403) return [problem('registration-needs-token', seen)]
  if (status === 429) return [problem('registration-throttled', seen)]
  return problemIf(oauthErrorOf(answer) === undefined, 'registration-error-unreadable', describeBody(answer))
}

/** Problems of an endpoint that is missing or fails; empty if its response is plausible. */
function absence(answer: Answer): Problem[] {
  const seen = describeExchange(answer)
  if (answer.status === 404 || answer.status === 405) return [problem('endpoint-not-there', seen)]
  return problemIf(answer.status >= 500, 'endpoint-breaks', seen)
}

function authorization({ server }: Evidence): Problem[] | undefined {
  const answer = answerOf(server?.authorization)
  return answer && absence(answer)
}

function refusesTheCode(answer: Answer): Problem[] {
  if (isRedirect(answer)) return [problem('endpoint-moved', describeExchange(answer))]
  const broken = absence(answer)
  if (broken.length > 0) return broken
  if (answer.status < 300) return [problem('token-for-nothing', describeExchange(answer))]
  return problemIf(oauthErrorOf(answer) === undefined, 'token-error-unreadable', describeBody(answer))
}

function token({ server }: Evidence): Problem[] | undefined {
  const answer = answerOf(server?.token)
  return answer && refusesTheCode(answer)
}

function tokenCaching({ server }: Evidence): Problem[] | undefined {
  const answer = oauthRefusalOf(server?.token)
  if (answer === undefined) return undefined
  const caching = answer.headers.get('cache-control')
  return problemIf(
    !/\bno-store\b/i.test(caching ?? ''),
    'token-answers-cached',
    `Cache-Control: ${caching ?? 'absent'}`,
  )
}

export const serverEndpointChecks: CheckGroup = {
  name: 'Registration, authorization and token endpoints',
  checks: [
    { id: 'registration-ways', title: 'clients can introduce themselves, old and new ones', examine: ways },
    { id: 'registration', title: 'a bad registration is refused in the words of RFC 7591', examine: registration },
    { id: 'authorization', title: 'the authorization endpoint is there', examine: authorization },
    { id: 'token', title: 'a made-up code is refused in the words of RFC 6749', examine: token },
    { id: 'token-caching', title: "the token endpoint's answers are not stored", examine: tokenCaching },
  ],
}
