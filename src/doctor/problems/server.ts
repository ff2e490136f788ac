/** Problems of the authorization server: what it says of itself, and how its endpoints answer. */
import type { ProblemKind } from '../problem-kind.js'

const exactOnes =
  'ChatGPT, clients on the TypeScript SDK 2 and every client of revision 2026-07-28 compare exactly and stop.'
const dynamicOnes = 'Cursor, Windsurf, Gemini CLI, Cline, Continue, the Docker MCP gateway and mcp-remote'

export const serverProblemKinds = {
  'server-metadata-missing': {
    severity: 'failure',
    title: 'the authorization server publishes no metadata',
    clients: 'Every client since revision 2025-06-18: it does not learn where to send people.',
    fix: 'Serve RFC 8414 metadata at /.well-known/oauth-authorization-server, with the path of the issuer, if any, after it. Check that "authorization_servers" names the issuer, and that it answers from where clients are.',
  },
  'server-metadata-openid-only': {
    severity: 'warning',
    title: 'only OpenID Connect discovery is served',
    clients: 'Clients of 2025-03-26 and 2025-06-18 ask only for /.well-known/oauth-authorization-server.',
    fix: 'Serve the same document there too.',
  },
  'server-metadata-differs': {
    severity: 'failure',
    title: "copies of the authorization server's metadata disagree",
    clients:
      'Which one counts depends on the client: VS Code reads the OpenID Connect document, most others that of RFC 8414.',
    fix: 'Serve one document at every address.',
  },
  'issuer-absent': {
    severity: 'failure',
    title: '"issuer" is missing',
    clients: exactOnes,
    fix: 'Set "issuer" to the identifier that "authorization_servers" names (RFC 8414 §2).',
  },
  'issuer-other-scheme': {
    severity: 'failure',
    title: '"issuer" has another scheme than the one clients were sent to',
    clients: exactOnes,
    fix: 'The authorization server does not know that a proxy in front speaks https: set its public URL (Gatehouse: ISSUER_URL), or let it trust X-Forwarded-Proto from the proxy only.',
  },
  'issuer-other-host': {
    severity: 'failure',
    title: '"issuer" names another host or port',
    clients: exactOnes,
    fix: 'Name the real issuer in "authorization_servers". Copying the metadata of another server under your own host does not work.',
  },
  'issuer-other-slash': {
    severity: 'failure',
    title: '"issuer" differs in the slash at its end',
    clients: `${exactOnes} Some forgive it, which makes it hard to find.`,
    fix: 'Write "authorization_servers" exactly as the metadata\'s "issuer" is written.',
  },
  'issuer-other-case': {
    severity: 'failure',
    title: '"issuer" differs in upper and lower case',
    clients: exactOnes,
    fix: 'Write "authorization_servers" exactly as the metadata\'s "issuer" is written.',
  },
  'issuer-other-path': {
    severity: 'failure',
    title: '"issuer" has another path',
    clients: exactOnes,
    fix: 'Write "authorization_servers" exactly as the metadata\'s "issuer" is written, path (tenant, realm) included.',
  },
  'issuer-other-text': {
    severity: 'failure',
    title: '"issuer" is spelled in another way',
    clients: exactOnes,
    fix: 'Write "authorization_servers" exactly as the metadata\'s "issuer" is written.',
  },
  'endpoint-absent': {
    severity: 'failure',
    title: 'an endpoint is not named',
    clients: 'Every client: the code flow needs both the authorization and the token endpoint.',
    fix: 'Name it in the metadata.',
  },
  'endpoint-not-url': {
    severity: 'failure',
    title: 'an endpoint is no absolute URL',
    clients: 'Clients that validate the document (the SDKs do) refuse it as a whole.',
    fix: 'Write whole URLs, or leave the member out.',
  },
  'pkce-s256-missing': {
    severity: 'failure',
    title: 'PKCE with S256 is not announced',
    clients: 'Every client since 2025-11-25 must refuse a server that does not announce it, in either document.',
    fix: 'Add "code_challenge_methods_supported": ["S256"], and require it.',
  },
  'pkce-plain': {
    severity: 'warning',
    title: 'PKCE with plain is offered',
    clients: 'None needs it; it protects nobody who can read the authorization request.',
    fix: 'Offer S256 alone (OAuth 2.1 §7.6).',
  },
  'response-type-code-missing': {
    severity: 'failure',
    title: 'the response type "code" is not offered',
    clients: 'Every client: MCP uses the code flow only.',
    fix: 'Add "code" to "response_types_supported".',
  },
  'response-type-token': {
    severity: 'warning',
    title: 'tokens are offered in the authorization response',
    clients: 'None uses it; OAuth 2.1 dropped it because the tokens leak.',
    fix: 'Take the response types with "token" away.',
  },
  'grant-type-code-missing': {
    severity: 'failure',
    title: 'the grant type authorization_code is not offered',
    clients: 'Every client that signs a person in.',
    fix: 'Add "authorization_code" to "grant_types_supported".',
  },
  'grant-type-refresh-missing': {
    severity: 'warning',
    title: 'refresh tokens are not offered',
    clients: 'Every client: people sign in again each time the access token expires.',
    fix: 'Offer "refresh_token", with rotation for public clients.',
  },
  'public-clients-missing': {
    severity: 'warning',
    title: 'clients without a secret are not announced',
    clients:
      'Claude then does not use its metadata document, and registers again on each connection. Clients on a computer cannot keep a secret.',
    fix: 'Add "none" to "token_endpoint_auth_methods_supported"; PKCE protects these clients.',
  },
  'iss-not-announced': {
    severity: 'warning',
    title: '"iss" in authorization responses is not announced',
    clients:
      'ChatGPT then uses one client identity for each connector; clients of several servers cannot tell whose code they hold (RFC 9207).',
    fix: 'Send "iss" with every authorization response, errors included, and announce authorization_response_iss_parameter_supported.',
  },
  'scope-unknown-to-server': {
    severity: 'warning',
    title: 'the authorization server does not list a scope that the resource asks for',
    clients: 'Cursor reads the scopes here; others may drop what is not listed, and then lack it at the tools.',
    fix: 'Add the resource\'s scopes to "scopes_supported" (Gatehouse: declare them as scopes of this resource). If no tool needs them, take them out of the resource\'s "scopes_supported" and challenge instead.',
  },
  'resource-not-declared': {
    severity: 'warning',
    title: 'the authorization server does not list this resource',
    clients:
      'Every client, if the authorization server does not know the resource: it answers invalid_target. None, if it leaves some out (RFC 9728 §4), as Gatehouse does with those of a pattern.',
    fix: 'Declare the resource at the authorization server (Gatehouse: `gatehouse resources discover <url>` prints the entry). If one is declared there under another spelling, make "resource" and that one the same. If other servers issue the tokens, name them in "authorization_servers".',
  },
  'no-registration': {
    severity: 'failure',
    title: 'a client has no way to introduce itself',
    clients: `${dynamicOnes} need dynamic registration; Claude, ChatGPT, VS Code, Codex and Zed bring a metadata document. None of them can connect without credentials typed in by hand.`,
    fix: 'Accept client ID metadata documents, and offer dynamic registration for older clients.',
  },
  'no-open-registration': {
    severity: 'failure',
    title: 'registration needs a token, and there is no other way in',
    clients: `${dynamicOnes}: none of them has an initial access token; clients with a metadata document find that it is not accepted.`,
    fix: 'Accept client ID metadata documents, or open registration with limits.',
  },
  'metadata-documents-missing': {
    severity: 'warning',
    title: 'client ID metadata documents are not accepted',
    clients:
      'Claude, ChatGPT, VS Code, Codex, Zed and opencode register dynamically instead, again and again; hosts without dynamic registration stay outside.',
    fix: 'Accept them and announce client_id_metadata_document_supported (the way since 2025-11-25).',
  },
  'dynamic-registration-missing': {
    severity: 'warning',
    title: 'there is no dynamic registration',
    clients: `${dynamicOnes} have no metadata document: people must type in a client ID by hand, where that is possible at all.`,
    fix: 'Offer a registration endpoint with limits (RFC 7591) as long as these clients matter to you.',
  },
  'registration-takes-anything': {
    severity: 'failure',
    title: 'a registration that no server may accept was accepted',
    clients:
      'A code sent to such a client reaches nobody, or an attacker. The doctor deleted its registration again if the server offers that.',
    fix: 'Validate redirect_uris (RFC 7591 §5) and refuse with invalid_redirect_uri. Delete the client "Gatehouse doctor: to be refused".',
  },
  'registration-not-found': {
    severity: 'failure',
    title: 'the registration endpoint is not there',
    clients: `${dynamicOnes}: they read the address in the metadata and get no further.`,
    fix: 'Serve it at the address that is announced, through the proxy too, or take "registration_endpoint" out of the metadata.',
  },
  'registration-server-error': {
    severity: 'failure',
    title: 'the registration endpoint fails on a bad registration',
    clients: `${dynamicOnes}: real registrations hold surprises too (custom schemes, null, empty strings), and 500 tells nobody what to change.`,
    fix: 'Answer 400 with invalid_redirect_uri or invalid_client_metadata (RFC 7591 §3.2.2).',
  },
  'registration-needs-token': {
    severity: 'warning',
    title: 'registration needs an initial access token',
    clients: `${dynamicOnes}: none of them has one.`,
    fix: 'Open registration with limits if these clients matter to you, or announce no registration endpoint.',
  },
  'registration-throttled': {
    severity: 'warning',
    title: 'the registration endpoint turned the doctor away for asking too often',
    clients: 'Clients behind one address share the limit.',
    fix: 'Ask again later; if this was the first request in a while, the limit is too low.',
  },
  'registration-error-unreadable': {
    severity: 'failure',
    title: 'a bad registration is not refused in the words of RFC 7591',
    clients: 'Clients show the person nothing useful; those on the SDKs fail on parsing the error.',
    fix: 'Answer 400 with a JSON object whose "error" is a string, such as invalid_redirect_uri.',
  },
  'endpoint-moved': {
    severity: 'failure',
    title: 'an endpoint redirects',
    clients: 'Every client: a POST that holds a code is not sent on to another address.',
    fix: 'Announce the final address; exempt it from redirects to www, https or a slash.',
  },
  'endpoint-not-there': {
    severity: 'failure',
    title: 'an endpoint that is announced is not there',
    clients: 'Every client, right after the person was asked.',
    fix: 'Announce the address as it is seen from outside; let the proxy pass its path and method on.',
  },
  'endpoint-breaks': {
    severity: 'failure',
    title: 'an endpoint fails',
    clients: 'Every client: it cannot tell a mistake of its own from one of the server, and cannot recover.',
    fix: "Look into the authorization server's log; answer 400 to bad requests. If it is 502 to 504, the proxy does not reach it.",
  },
  'token-for-nothing': {
    severity: 'failure',
    title: 'a made-up code is redeemed',
    clients: 'Every client works, and so does every attacker.',
    fix: 'Redeem only codes that were issued, once, for their client, redirect URI and PKCE verifier.',
  },
  'token-error-unreadable': {
    severity: 'failure',
    title: 'a bad token request is not refused in the words of RFC 6749',
    clients:
      'Clients recover only from what they can read: Claude signs in again at invalid_grant, the SDKs register again at invalid_client.',
    fix: 'Answer 400 (401 for invalid_client) with a JSON object whose "error" is a string (RFC 6749 §5.2).',
  },
  'token-answers-cached': {
    severity: 'warning',
    title: 'answers of the token endpoint may be stored',
    clients: 'A cache on the way could keep tokens.',
    fix: 'Send Cache-Control: no-store with every answer (RFC 6749 §5.1).',
  },
  'keys-not-found': {
    severity: 'failure',
    title: 'the key set is not there',
    clients: 'Resource servers that verify tokens themselves, and clients that read ID tokens.',
    fix: 'Serve the keys at "jwks_uri", or leave it out when nothing is signed.',
  },
  'keys-none': {
    severity: 'failure',
    title: 'the key set is empty',
    clients: 'Resource servers refuse every token; clients refuse every ID token.',
    fix: 'Publish the public half of the signing key.',
  },
  'key-unusable': {
    severity: 'failure',
    title: 'a key in the set cannot verify anything',
    clients: 'Libraries that import the whole set fail on it; secret keys (kty "oct") do not belong here at all.',
    fix: 'Publish EC, RSA or OKP keys with all public members (RFC 7518 §6).',
  },
  'key-short': {
    severity: 'failure',
    title: 'an RSA key is shorter than 2048 bits',
    clients: 'Libraries refuse it (RFC 7518 §3.3).',
    fix: 'Sign with a longer RSA key, or with ES256.',
  },
  'keys-ambiguous': {
    severity: 'warning',
    title: 'keys share a "kid" or have none',
    clients: 'Resource servers cannot tell which key signed, and some take the first.',
    fix: 'Give each key a "kid" of its own, and put it into the header of what it signs.',
  },
  'key-private': {
    severity: 'failure',
    title: 'a private or secret key is published',
    clients: 'Anybody can now sign tokens that every resource server believes.',
    fix: 'Replace the key at once, revoke what it signed, and publish only the public members.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>
