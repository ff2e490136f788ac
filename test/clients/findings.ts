export interface Proof {
  readonly file: string
  readonly title: string
  readonly client?: string
}

export interface Finding {
  readonly id: string
  readonly says: string
  readonly proofs: readonly [Proof, ...Proof[]]
}

const proof = (file: string, title: string): Proof => ({ file, title })
const replayed = (client: string): Proof => ({ file: 'clients/compatibility.test.ts', title: '%s: %s', client })
const registered = (client: string): Proof => ({
  file: 'authorization-server/registration.test.ts',
  title: 'registers %s',
  client,
})

const code = 'authorization-server/code.test.ts'
const documents = 'authorization-server/metadata-documents.test.ts'
const metadata = 'authorization-server/metadata.test.ts'
const refresh = 'authorization-server/refresh.test.ts'
const registration = 'authorization-server/registration.test.ts'
const removed = 'authorization-server/removed-client.test.ts'
const request = 'authorization-server/authorization-request.test.ts'
const guard = 'mcp-host/authorization.test.ts'
const bearer = 'resource-server/bearer.test.ts'

export const findings: readonly Finding[] = [
  {
    id: 'consequence 1',
    says: "Clients that take the MCP server's origin for the issuer find it there",
    proofs: [
      proof(
        'journeys/issuer-mirror.test.ts',
        'registers, signs in, calls, steps up, refreshes and revokes, and never names a resource',
      ),
      proof('journeys/single-origin.test.ts', 'lets clients of 2025-03-26 in, with metadata and without'),
      replayed('Programs of revision 2025-03-26'),
    ],
  },
  {
    id: 'consequence 2',
    says: 'A client that sends neither resource nor scope gets the default of both',
    proofs: [
      proof(request, 'is the default scope of the default resource when it says nothing'),
      replayed('n8n cloud, with a secret'),
    ],
  },
  {
    id: 'consequence 3',
    says: 'A 403 repeats the granted scopes, for clients that compute no union',
    proofs: [
      proof(bearer, 'names what the operation needs and what is granted, so that nothing is lost by asking'),
      replayed('Zed'),
    ],
  },
  {
    id: 'interop 1',
    says: 'A request without scope is not a consent about nothing',
    proofs: [
      proof(request, 'is the default scope when scope is blank'),
      replayed('Gemini CLI'),
      replayed('Docker MCP gateway'),
    ],
  },
  {
    id: 'interop 2',
    says: 'A registered scope is no ceiling, whether registered or in a document',
    proofs: [registered('Cursor, registering itself'), replayed('TypeScript SDK 2.x'), replayed('mcp-remote')],
  },
  {
    id: 'interop 3',
    says: 'Refresh tokens do not hang on offline_access or prompt=consent',
    proofs: [proof(code, 'become a token pair, once, that nobody caches'), replayed('TypeScript SDK 1.x')],
  },
  {
    id: 'interop 4',
    says: 'Loopback ports are free, also where the document names another or none, and nothing else is',
    proofs: [
      proof(
        registration,
        'keeps to the path, host and query of a loopback redirect; only its port is free (RFC 8252 §7.3)',
      ),
      proof(documents, 'are good for the redirects they list'),
      replayed('Claude Code'),
      replayed('VS Code'),
      replayed('GitHub Copilot CLI'),
    ],
  },
  {
    id: 'interop 5',
    says: "Cursor's three redirects are taken together, and no scheme but its own",
    proofs: [
      replayed('Cursor before 3.10'),
      proof(
        'authorization-server/registration-refusals.test.ts',
        'redirect_uri %j, alone; beside a good one it is left out',
      ),
    ],
  },
  {
    id: 'interop 6',
    says: 'A removed registration is invalid_client at the token endpoint and a page that says what to do at the other',
    proofs: [
      proof(removed, 'gets invalid_client at the token endpoint (RFC 6749 §5.2), with a refresh token and with a code'),
      proof(removed, 'leads people to a page that says what to do, and never on to the program (RFC 6749 §4.1.2.1)'),
      proof(removed, 'is removed by the sweeper only when nobody allowed it: the others go on'),
    ],
  },
  {
    id: 'interop 7',
    says: 'The first challenge is useful by itself, and a narrowed refresh narrows nothing for good',
    proofs: [
      proof(
        'notes/notes-resource.test.ts',
        'asks for nothing destructive at the first sign-in, and never for offline_access',
      ),
      proof(refresh, 'narrow an access token and keep the full scope for later'),
    ],
  },
  {
    id: 'interop 8',
    says: 'The resource stays through refreshes in any spelling or left out, and the token has one audience',
    proofs: [
      proof(refresh, 'take any spelling of the resource'),
      proof(refresh, 'rotate at every use, and keep audience, scope and person'),
      proof(code, 'work without a resource at the token endpoint, and with an alias of it'),
      replayed('Codex, registering itself'),
      replayed('Claude Code'),
    ],
  },
  {
    id: 'interop 9',
    says: 'The resource metadata lies at the path-inserted address and names the exact MCP URL',
    proofs: [
      proof('mcp-host/http.test.ts', 'at %s names the URL ending in %s, which its clients use'),
      replayed('VS Code, registering itself'),
      replayed('ChatGPT'),
    ],
  },
  {
    id: 'interop 10',
    says: 'A metadata document is held to its own URL, to https and to public methods, and found without probing for others',
    proofs: [
      proof(documents, 'that %s make no client'),
      proof(documents, 'are not even looked for at %s'),
      proof(documents, 'tell a stranger nothing about what can be reached from here (CVE-2026-1180)'),
    ],
  },
  {
    id: 'interop 11',
    says: 'Metadata is found under every name of the specification, also for an issuer with a path',
    proofs: [
      proof(metadata, 'is the same bytes under both names, and under the name browsers try for OpenID'),
      proof('oauth/well-known.test.ts', 'has three names for an issuer with a path, path-inserted first'),
    ],
  },
  {
    id: 'interop 12',
    says: 'The metadata offers code alone, client credentials and private_key_jwt',
    proofs: [proof(metadata, 'says what works, and nothing else')],
  },
  {
    id: 'interop 13',
    says: 'A stream does not outlive the token that opened it',
    proofs: [proof('mcp-host/event-stream.test.ts', 'end when the token that opened them expires')],
  },
  {
    id: 'interop 14',
    says: 'Whatever is wrong with a token is 401 invalid_token; only an outage is 503',
    proofs: [
      proof(bearer, 'answers 401 invalid_token with a full challenge'),
      proof(guard, 'answers 503 with Retry-After and never opens'),
      proof('resource-server/verifier.test.ts', 'tells the public the same for every reason, and the log the real one'),
    ],
  },
  {
    id: 'executed 1',
    says: 'Three redirects of three kinds, called web',
    proofs: [registered('Cursor before 3.10')],
  },
  {
    id: 'executed 2',
    says: 'A loopback redirect without application_type, on another port later',
    proofs: [registered('Gemini CLI'), replayed('Gemini CLI')],
  },
  {
    id: 'executed 3',
    says: 'A loopback redirect without a port',
    proofs: [replayed('Claude Code'), replayed('Zed'), replayed('goose')],
  },
  {
    id: 'executed 4',
    says: 'A native client that lists the device grant',
    proofs: [registered('VS Code, registering itself'), replayed('VS Code')],
  },
  {
    id: 'executed 5',
    says: 'A hosted client with client_secret_post that declares the jwt-bearer grant',
    proofs: [registered('Claude (web), registering itself'), replayed('Claude (web, Desktop, mobile)')],
  },
  {
    id: 'executed 6',
    says: 'Null and empty members',
    proofs: [registered('Cursor before 3.10'), registered('MCP Inspector, in the browser')],
  },
  {
    id: 'executed 7',
    says: 'A scope that belongs to the resource alone',
    proofs: [registered('mcp-remote'), registered('Python SDK')],
  },
  {
    id: 'source 1',
    says: 'A client that signs its assertions and lists several methods',
    proofs: [replayed('ChatGPT'), replayed('ChatGPT, one document per connector')],
  },
  {
    id: 'source 2',
    says: 'A client in a web page, everywhere',
    proofs: [
      replayed('MCP Inspector, in the browser'),
      proof(registration, 'preflight of %s for %s with %s'),
      proof('mcp-host/http.test.ts', 'lets pages read the challenge of a 401'),
    ],
  },
  {
    id: 'field 1',
    says: 'A client that registers as public and gives up without a secret',
    proofs: [registered('Perplexity'), replayed('Perplexity')],
  },
  {
    id: 'field 2',
    says: 'A revision on discovery requests that the client does not speak, and none on its MCP requests',
    proofs: [replayed('Codex'), replayed('goose'), replayed('VS Code')],
  },
  {
    id: 'field 3',
    says: 'A resource that is the bare origin of the MCP URL, where only one resource is',
    proofs: [
      proof(request, 'gives %s the one canonical audience'),
      proof('authorization-server/resources.test.ts', 'takes a bare origin for the only resource that has a URL there'),
      replayed('Claude Code, registering itself'),
    ],
  },
]
