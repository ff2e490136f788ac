/**
 * Every error that a client, a person or an operator can meet, by its code. The manual, `gatehouse explain`, the pages and the log name
 * these codes. The doctor's findings are in doctor/problems/ and doctor/local/problems.ts. test/problems/ checks that the list is complete.
 */
import { assertionProblems } from './assertions.js'
import { authorizationProblems } from './authorization.js'
import { clientAuthenticationProblems } from './client-authentication.js'
import { clientDocumentProblems } from './client-documents.js'
import { deviceProblems } from './device.js'
import { dpopProblems } from './dpop.js'
import { introspectionProblems } from './introspection.js'
import { issuerFrontProblems } from './issuer-front.js'
import { logProblems } from './log.js'
import { mcpRequestProblems } from './mcp-requests.js'
import { mcpTokenProblems } from './mcp-tokens.js'
import { openidProblems } from './openid.js'
import { errorPages, formProblems } from './pages.js'
import type { Problems } from './problem.js'
import { registrationProblems } from './registration.js'
import { requestProblems } from './requests.js'
import { resourceProblems } from './resources.js'
import { settingProblems } from './settings.js'
import { startProblems } from './start.js'
import { tokenProblems } from './token.js'

export interface ProblemGroup {
  /** Name of its page in docs/reference/errors/. */
  readonly file: string
  readonly title: string
  readonly problems: Problems
}

/** In the order of the manual. */
export const problemGroups: readonly ProblemGroup[] = [
  { file: 'token', title: 'Token endpoint', problems: tokenProblems },
  { file: 'dpop', title: 'DPoP', problems: dpopProblems },
  { file: 'resources', title: 'Rules of a resource', problems: resourceProblems },
  { file: 'client-authentication', title: 'Client authentication', problems: clientAuthenticationProblems },
  { file: 'authorization', title: 'Authorization', problems: authorizationProblems },
  { file: 'openid', title: 'Userinfo and sign-out', problems: openidProblems },
  { file: 'registration', title: 'Registration', problems: registrationProblems },
  { file: 'client-documents', title: 'Client documents', problems: clientDocumentProblems },
  { file: 'device', title: 'Device flow', problems: deviceProblems },
  { file: 'introspection', title: 'Introspection and revocation', problems: introspectionProblems },
  { file: 'assertions', title: 'Identity assertions', problems: assertionProblems },
  { file: 'mcp-tokens', title: 'MCP endpoint: tokens', problems: mcpTokenProblems },
  { file: 'mcp-requests', title: 'MCP endpoint: requests', problems: mcpRequestProblems },
  { file: 'issuer-front', title: 'Issuer front', problems: issuerFrontProblems },
  { file: 'requests', title: 'Any request', problems: requestProblems },
  { file: 'pages', title: 'Pages', problems: { ...errorPages, ...formProblems } },
  { file: 'settings', title: 'Settings', problems: settingProblems },
  { file: 'start', title: 'Start-up', problems: startProblems },
  { file: 'log', title: 'Log lines', problems: logProblems },
]
