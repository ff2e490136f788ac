/** Problems of published documents: of any of them, and of the resource's own. */
import type { ProblemKind } from '../problem-kind.js'

const strictOnes = 'VS Code and Gemini CLI compare exactly and stop; RFC 9728 §3.3 tells every client to.'

export const documentProblemKinds = {
  'document-redirects': {
    severity: 'failure',
    title: 'a document is redirected',
    clients: 'Clients on the TypeScript SDK refuse redirects to another origin; others follow none at all here.',
    fix: 'Serve the document at this very address, with 200. Exempt /.well-known/ from redirects to www, to https or to a slash.',
  },
  'document-forbidden': {
    severity: 'failure',
    title: 'a public document is refused',
    clients: 'Every client: it reads this before it can have a token.',
    fix: 'Serve /.well-known/ without any token check, and exempt it from firewall rules and sign-in proxies.',
  },
  'document-server-error': {
    severity: 'failure',
    title: 'a well-known address answers 5xx',
    clients:
      'Clients on the TypeScript SDK give up the whole discovery at 5xx (502 aside); at 404 they would go on to the next address.',
    fix: 'Answer 404 for well-known addresses that are not served; if it is 502 to 504, the proxy sends them to a server that is not there.',
  },
  'document-is-html': {
    severity: 'failure',
    title: 'a web page is served instead of a document',
    clients: 'Every client that looks here first: it takes 200 for the document and fails on the page.',
    fix: "Let the web application's catch-all route leave /.well-known/ alone: serve the document, or answer 404.",
  },
  'document-not-json': {
    severity: 'failure',
    title: 'a document is no JSON object',
    clients: 'Every client that looks here: it cannot parse the answer.',
    fix: 'Serve one JSON object, not wrapped, not encoded twice.',
  },
  'document-too-long': {
    severity: 'failure',
    title: 'a document is far too long',
    clients: 'Clients cap what they read; this is over 256 KiB.',
    fix: 'Serve only the members of the specification.',
  },
  'spare-address-confuses': {
    severity: 'warning',
    title: 'an address that only some clients ask answers neither the document nor 404',
    clients:
      'Clients that ask here before, or instead of, the address that works: they fail on the answer and do not go on.',
    fix: 'Serve the same document here, or answer 404.',
  },
  'document-wrong-type': {
    severity: 'warning',
    title: 'a document is not served as application/json',
    clients: 'Strict clients and browsers under nosniff refuse it; the specifications demand the type.',
    fix: 'Send Content-Type: application/json. A static file without an extension needs this set in the web server.',
  },
  'document-kept-long': {
    severity: 'warning',
    title: 'a document may be kept for more than a day',
    clients: 'Clients that cached it keep using old endpoints or keys long after a change.',
    fix: 'Send Cache-Control: public, max-age of an hour or less.',
  },
  'resource-metadata-missing': {
    severity: 'failure',
    title: 'there is no protected resource metadata',
    clients: 'Every client since revision 2025-06-18: it cannot learn which authorization server to use.',
    fix: 'Serve RFC 9728 metadata at /.well-known/oauth-protected-resource followed by the MCP path, and name it in the challenge.',
  },
  'challenged-metadata-missing': {
    severity: 'failure',
    title: 'the challenge names metadata that is not there',
    clients: 'Every client that goes by the challenge first, as the specification says.',
    fix: 'Make resource_metadata name the address at which the document is served, as seen from outside.',
  },
  'resource-metadata-not-at-path': {
    severity: 'warning',
    title: 'the metadata is not at the path-inserted address',
    clients:
      'Clients that do not read the challenge, in browsers above all, look here first and stop or take the root.',
    fix: 'Serve the same document at /.well-known/oauth-protected-resource followed by the MCP path.',
  },
  'resource-metadata-not-at-root': {
    severity: 'warning',
    title: 'the metadata is not at the root',
    clients: 'Early clients of revision 2025-06-18 look only there.',
    fix: 'Serve the same document at /.well-known/oauth-protected-resource too, if this host has one MCP server.',
  },
  'resource-metadata-differs': {
    severity: 'failure',
    title: "copies of the resource's metadata disagree",
    clients:
      'Which one counts depends on the client: some sign in at another server, or for another resource, than others.',
    fix: 'Serve one document at every address.',
  },
  'resource-absent': {
    severity: 'failure',
    title: '"resource" is missing',
    clients: 'Every client that checks it (RFC 9728 §3.3), the SDKs among them.',
    fix: 'Set "resource" to the exact MCP URL.',
  },
  'resource-other-scheme': {
    severity: 'failure',
    title: '"resource" has another scheme than the URL in use',
    clients: strictOnes,
    fix: 'The server does not know that a proxy in front speaks https: set its public URL (Gatehouse: RESOURCE_URL), or let it trust X-Forwarded-Proto from the proxy only.',
  },
  'resource-other-host': {
    severity: 'failure',
    title: '"resource" names another host or port',
    clients: `${strictOnes} Tokens are then asked for, and bound to, the other host.`,
    fix: 'Set the public URL of the server (Gatehouse: RESOURCE_URL) to the one people use, port included, or give out the other URL.',
  },
  'resource-other-slash': {
    severity: 'failure',
    title: '"resource" differs in the slash at its end',
    clients: `${strictOnes} Claude Code and others send the URL as typed.`,
    fix: 'Make "resource" and the URL that people copy the same; without the slash is the usual form. Accept both as audience.',
  },
  'resource-other-case': {
    severity: 'failure',
    title: '"resource" differs in upper and lower case',
    clients: strictOnes,
    fix: 'Write both in the same case; lower case for scheme and host.',
  },
  'resource-other-path': {
    severity: 'failure',
    title: '"resource" has another path',
    clients: `${strictOnes} Clients on the SDKs take a path above their own, the bare origin too.`,
    fix: 'Set "resource" to the whole MCP URL, path included, as clients see it in front of the proxy.',
  },
  'resource-other-text': {
    severity: 'failure',
    title: '"resource" is spelled in another way',
    clients: strictOnes,
    fix: 'Set "resource" to the MCP URL, character for character: no default port, no encoding that is not needed.',
  },
  'authorization-servers-missing': {
    severity: 'failure',
    title: 'no authorization server is named',
    clients: 'Every client since revision 2025-06-18: it has nowhere to go.',
    fix: 'List the issuer of your authorization server in "authorization_servers".',
  },
  'authorization-server-not-url': {
    severity: 'failure',
    title: 'the authorization server is not named by an issuer URL',
    clients: 'Every client: it builds the addresses of the metadata from it.',
    fix: 'List the issuer: an absolute URL without query and fragment (RFC 8414 §2), not the address of its metadata.',
  },
  'authorization-servers-many': {
    severity: 'warning',
    title: 'several authorization servers are named',
    clients: 'Claude and most others use the first one only. Only that one was examined here.',
    fix: 'Put the one that all clients can use first.',
  },
  'scopes-nowhere': {
    severity: 'warning',
    title: 'no scope is named anywhere',
    clients:
      'Clients send no scope at all, which several authorization servers refuse with invalid_scope or access_denied.',
    fix: 'Name the baseline in "scopes_supported" and in the challenge; let the authorization server have a default.',
  },
  'resource-offline-access': {
    severity: 'warning',
    title: '"scopes_supported" of the resource lists offline_access',
    clients: 'Clients ask for everything listed here; offline_access is a matter of the authorization server.',
    fix: "Move it into the authorization server's scopes_supported.",
  },
  'bearer-header-missing': {
    severity: 'failure',
    title: 'the Authorization header is not among the bearer methods',
    clients: 'Every client: MCP knows no other way.',
    fix: 'List "header" in "bearer_methods_supported".',
  },
  'bearer-in-query': {
    severity: 'warning',
    title: 'tokens are accepted in the query',
    clients: 'None uses it. A token in a query ends up in logs and browser histories.',
    fix: 'Take "query" away, from the list and from the code.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>
