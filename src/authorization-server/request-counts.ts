/** Request metrics of the authorization server, derived from the event of the log line. Pure. */
import { grantTypeNamed } from '../oauth/grant-types.js'
import type { Count } from '../telemetry/metric-definitions.js'
import type { FinishedRequest, ObservedServer } from '../telemetry/request-observation.js'
import { createRouteTemplates } from '../telemetry/route-templates.js'
import { connectPath, revocationFeedPath, routes, wellKnownPaths } from './routes.js'

/** The grant type that a token request names, if there is such a one; the others, which anybody can make up, are `other`. */
export function namedGrantType(grantType: unknown): string {
  return grantTypeNamed(grantType)?.name ?? 'other'
}

/** Registered error codes (RFC 6749, 7591, 8628, 8707, 9449 and our own 429s); `other` for any further one. */
const errorCodes: ReadonlySet<unknown> = new Set([
  'access_denied',
  'authorization_pending',
  'expired_token',
  'invalid_client',
  'invalid_client_metadata',
  'invalid_dpop_proof',
  'invalid_grant',
  'invalid_redirect_uri',
  'invalid_request',
  'invalid_scope',
  'invalid_software_statement',
  'invalid_target',
  'invalid_token',
  'server_error',
  'slow_down',
  'temporarily_unavailable',
  'unapproved_software_statement',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_token_type',
  'use_dpop_nonce',
])

function errorOf({ status, event }: FinishedRequest): string {
  const { error } = event
  if (typeof error === 'string') return errorCodes.has(error) ? error : 'other'
  return status < 400 ? '' : 'other'
}

/** Of a request that was not answered with success. */
function failureOf(status: number): string {
  if (status === 429) return 'limited'
  return status >= 500 ? 'failed' : 'refused'
}

function tokenOutcome({ status, event: { outcome } }: FinishedRequest): string {
  if (status === 200) return outcome === 'successor' ? 'repeated' : 'issued'
  return outcome === 'replayed' ? 'replayed' : failureOf(status)
}

const signInProblems: ReadonlySet<unknown> = new Set(['wrong-credentials', 'too-many-attempts', 'busy'])

function signInOutcome({ status, event: { outcome } }: FinishedRequest): string {
  if (typeof outcome === 'string' && signInProblems.has(outcome)) return outcome
  return status === 303 ? 'succeeded' : failureOf(status)
}

const signInRoute = '/interaction/:uid/sign-in'

const counts: Readonly<Record<string, (request: FinishedRequest) => Count>> = {
  [routes.token]: (request) => {
    const outcome = tokenOutcome(request)
    const error = request.status === 200 ? '' : errorOf(request)
    return ['gatehouse_token_requests_total', { grant_type: namedGrantType(request.event.grantType), outcome, error }]
  },
  [routes.registration]: (request) => {
    const outcome = request.status === 201 ? 'created' : failureOf(request.status)
    return ['gatehouse_registrations_total', { outcome, error: outcome === 'created' ? '' : errorOf(request) }]
  },
  [routes.revocation]: ({ status }) => [
    'gatehouse_revocation_requests_total',
    { outcome: status === 200 ? 'accepted' : failureOf(status) },
  ],
  [signInRoute]: (request) => ['gatehouse_sign_ins_total', { outcome: signInOutcome(request) }],
}

/** All routes there are, and what is counted at them besides their time. */
export const observedAuthorizationServer: ObservedServer = {
  server: 'authorization',
  waitingRoutes: [revocationFeedPath],
  routes: createRouteTemplates([
    '/',
    connectPath,
    '/setup',
    '/invite/:token',
    '/sign-up',
    '/verify/:token',
    '/assets/:file',
    '/health/live',
    '/health/ready',
    ...wellKnownPaths,
    ...Object.values(routes),
    revocationFeedPath,
    `${routes.authorization}/:uid`,
    `${routes.code_verification}/:uid`,
    `${routes.end_session}/confirm`,
    `${routes.end_session}/success`,
    `${routes.registration}/:client_id`,
    '/interaction/:uid',
    signInRoute,
    '/interaction/:uid/consent',
    '/interaction/:uid/switch-account',
    '/interaction/:uid/cancel',
  ]),
  countRequest: (request) => {
    const count = request.method === 'POST' ? counts[request.route] : undefined
    return count === undefined ? [] : [count(request)]
  },
}
