/** What MCP asks of Streamable HTTP, in its stateless form (2026-07-28) and the earlier ones. */
import { may, must, outOfScope, type Requirement, should } from './requirement.js'

const http = 'mcp-host/http.test.ts'
const streams = 'mcp-host/event-stream.test.ts'
const definition = 'mcp-host/server-definition.test.ts'
const suite = 'conformance/official/mcp-server.test.ts'
const transport = 'MCP 2026-07-28 transports'

export const transportRequirements: readonly Requirement[] = [
  must('T1a', 'Serve MCP at one path by POST', transport, [
    'mcp-host/notes-tools.test.ts',
    'lists the tools with their annotations',
  ]),
  should('T1b', 'Answer GET and DELETE with 405', transport, [http, 'answers %s with 405: there are no sessions']),
  must(
    'T2a',
    'Answer a foreign Origin with 403',
    `${transport}, security`,
    [http, 'refuses the origin %s with 403'],
    [suite, 'dns-rebinding-protection'],
  ),
  should('T2b', 'Listen on loopback unless told otherwise', `${transport}, security`, [
    'config/config.test.ts',
    'need nothing in the environment',
  ]),
  should('T2c', 'Authenticate every connection', `${transport}, security`, [
    'mcp-host/authorization.test.ts',
    '%s without a token gets 401 and where to find one',
  ]),
  must('T3a', 'Refuse headers that are missing or differ from the body with 400 and -32020', 'SEP-2243', [
    suite,
    'http-header-validation',
  ]),
  must('T3b', 'Check headers that repeat a tool’s parameters, base64 decoded', 'SEP-2243', [
    suite,
    'http-custom-header-server-validation',
  ]),
  must('T4a', 'Refuse a request whose _meta lacks version or capabilities with 400 and -32602', 'SEP-2575', [
    suite,
    'server-stateless',
  ]),
  must('T4b', 'Serve requests without clientInfo, and decide nothing by it', 'SEP-2575', [suite, 'server-stateless']),
  must('T5a', 'Refuse an unknown version with 400, -32022 and what is supported', 'SEP-2575', [
    suite,
    'server-stateless',
  ]),
  must('T5b', 'Refuse what needs a capability the client lacks with 400 and -32021', 'SEP-2575', [
    suite,
    'server-stateless',
  ]),
  must('T5c', 'Answer an unknown method with 404 and -32601', 'SEP-2575', [suite, 'server-stateless']),
  must('T5d', 'Answer a resource that is not there with -32602, not with an older code', 'SEP-2164', [
    suite,
    'sep-2164-resource-not-found',
  ]),
  must('T6a', 'Implement server/discover', 'SEP-2575', [suite, 'server-stateless']),
  must('T6b', 'Send resultType with every result', 'SEP-2322', [suite, 'input-required-result-result-type']),
  should('T6c', 'Name the server in _meta of results', 'SEP-2575', [suite, 'server-stateless']),
  must('T6d', 'Say of lists, discovery and resources how long and for whom they may be kept', 'SEP-2549', [
    suite,
    'caching',
  ]),
  must('T7a', 'Keep no session; ignore Mcp-Session-Id and Last-Event-ID', `${transport}, stateless`, [
    definition,
    'ignores session ids and event ids in %s traffic',
  ]),
  must('T7b', 'Take a closed response stream for cancellation', `${transport}, cancellation`, [
    streams,
    'are let go when the client leaves',
  ]),
  should('T7c', 'Keep proxies from holding events back (X-Accel-Buffering: no)', transport, [
    streams,
    'end when the token that opened them expires',
  ]),
  may(
    'T8a',
    'Serve both eras at one endpoint',
    'MCP 2026-07-28 lifecycle',
    ['mcp-host/notes-tools.test.ts', 'lists the tools with their annotations'],
    [suite, 'server-stateless'],
  ),
  must(
    'T8b',
    'Leave the JSON-RPC body of a 400 as it is: clients tell eras apart by it',
    'MCP 2026-07-28 lifecycle',
    [http, 'answers %s with a JSON-RPC parse error'],
    [suite, 'server-stateless'],
  ),
  may('T9', 'Read a request without version header as one of 2025-03-26', transport, [
    'mcp-host/authorization.test.ts',
    'lets any valid token ask who it is',
  ]),
  must('T9b', 'Answer batches of 2025-03-26, each call with its scopes', 'MCP 2025-03-26 transports', [
    'mcp-host/authorization.test.ts',
    'asks for all scopes of a batch at once',
  ]),
  must('T9c', 'Answer notifications with 202 and no body', 'MCP 2025-11-25 transports', [
    http,
    'answers a notification with an empty 202',
  ]),
  must(
    'T10a',
    'Authenticate by no session: every request by its own token',
    'MCP 2025-11-25 security best practices, session hijacking',
    ['mcp-host/who-asks.test.ts', 'is no sign of who asks, after a handshake of %s with a good token'],
    ['mcp-host/who-asks.test.ts', 'is never opened: a handshake of %s gets no id'],
  ),
  outOfScope(
    'T10b',
    'MUST',
    'Make session ids random and tie them to the user, answer 404 to one that has ended',
    'MCP 2025-11-25 transports, sessions',
    'A server that gives out ids must; ids are optional, and none are given out (T10a). The official suite reports the same (server-session-lifecycle).',
  ),
  must(
    'T11a',
    'Ask the client only for what it can do, and only where that is allowed',
    'SEP-2322',
    [suite, 'input-required-result-capability-check'],
    [suite, 'input-required-result-unsupported-methods'],
  ),
  should(
    'T11b',
    'Check what the client answered, ask again for what is missing, ignore the rest',
    'SEP-2322',
    [suite, 'input-required-result-validate-input'],
    [suite, 'input-required-result-missing-input-response'],
    [suite, 'input-required-result-ignore-extra-params'],
  ),
]
