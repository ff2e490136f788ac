/** Problems on the way: browsers, schemes, certificates, proxies, time; and clients of the first revision. */
import type { ProblemKind } from '../problem-kind.js'

const browsers = 'MCP Inspector in the browser, playgrounds and other web clients'

export const transportProblemKinds = {
  'cors-preflight': {
    severity: 'failure',
    title: 'the question a browser asks first is refused',
    clients: `${browsers}: the browser never sends the request itself.`,
    fix: 'Answer OPTIONS with 204 and Access-Control-Allow-Origin, -Methods and -Headers, before any token check.',
  },
  'cors-header-missing': {
    severity: 'failure',
    title: 'a header that pages must send is not allowed',
    clients: `${browsers}: the browser refuses to send the request.`,
    fix: 'List Authorization, Content-Type and MCP-Protocol-Version in Access-Control-Allow-Headers.',
  },
  'cors-wildcard': {
    severity: 'failure',
    title: 'Access-Control-Allow-Headers: * does not cover Authorization',
    clients: `${browsers}: everything works until the first request with a token.`,
    fix: 'Name Authorization beside, or instead of, the asterisk.',
  },
  'cors-new-headers': {
    severity: 'warning',
    title: 'Mcp-Method and Mcp-Name are not allowed',
    clients: `${browsers} that speak revision 2026-07-28 send them with every request.`,
    fix: 'List them in Access-Control-Allow-Headers.',
  },
  'cors-answer-hidden': {
    severity: 'failure',
    title: 'pages may not read the answer',
    clients: `${browsers}: the request is made, and its answer withheld.`,
    fix: 'Send Access-Control-Allow-Origin with every answer, errors included.',
  },
  'cors-challenge-hidden': {
    severity: 'failure',
    title: 'pages may not read the challenge',
    clients: `${browsers}: they see a 401 without WWW-Authenticate and do not learn where to go.`,
    fix: 'Send Access-Control-Expose-Headers: WWW-Authenticate.',
  },
  'plain-http': {
    severity: 'failure',
    title: 'plain http beyond this machine',
    clients: 'Claude, ChatGPT and clients on the TypeScript SDK refuse it; everybody on the way can read the tokens.',
    fix: 'Put TLS in front, and use the https URL everywhere.',
  },
  'http-behind-https': {
    severity: 'failure',
    title: 'an http address is published behind https',
    clients:
      'Clients on the TypeScript SDK refuse a token endpoint that is not https; browsers block it; the others lose the POST in the redirect to https.',
    fix: 'The server does not know its public URL: set it (Gatehouse: ISSUER_URL, RESOURCE_URL), or let the server trust X-Forwarded-Proto from the proxy only, and the proxy set it.',
  },
  'internal-address': {
    severity: 'failure',
    title: 'a public document names an internal address',
    clients: 'Every client outside that machine or network; hosted ones such as Claude and ChatGPT cannot reach it.',
    fix: 'Publish public URLs only. An internal address for the back channel is a setting of the resource server (Gatehouse: ISSUER_INTERNAL_URL) and is never published.',
  },
  'forwarded-host-believed': {
    severity: 'failure',
    title: "a stranger's X-Forwarded-Host changes what is published",
    clients:
      "Every client behind a cache that keeps the poisoned document: it sends people and codes to the attacker's host.",
    fix: "Pin the public URL by a setting, or believe forwarded headers from the proxy's address only, and let the proxy overwrite them.",
  },
  'certificate-expired': {
    severity: 'failure',
    title: 'the certificate has expired',
    clients: 'Every client.',
    fix: 'Renew it, and find out why the renewal did not run.',
  },
  'certificate-expires-soon': {
    severity: 'warning',
    title: 'the certificate expires within two weeks',
    clients: 'Every client, from then on.',
    fix: 'Check that the renewal runs.',
  },
  'certificate-not-yet-valid': {
    severity: 'failure',
    title: 'the certificate is not valid yet',
    clients: 'Every client. If it was just issued, a clock is wrong.',
    fix: 'Set the clocks of this machine and of the certificate authority.',
  },
  'certificate-wrong-name': {
    severity: 'failure',
    title: 'the certificate is for another host',
    clients: 'Every client.',
    fix: 'Get a certificate with this host among its names, or use the host it is for.',
  },
  'certificate-self-signed': {
    severity: 'failure',
    title: 'the certificate is self-signed',
    clients: 'Every client that was not told to trust it; hosted ones cannot be.',
    fix: 'Use a certificate of a public authority. Inside a network, name your own authority to clients (NODE_EXTRA_CA_CERTS) and to the doctor (--ca).',
  },
  'certificate-chain-incomplete': {
    severity: 'failure',
    title: 'the intermediate certificate is not sent, or the authority is unknown',
    clients: 'Every client outside a browser: browsers know many intermediates and hide the mistake.',
    fix: 'Configure the full chain (fullchain.pem, not cert.pem). With an authority of your own, name it by --ca.',
  },
  'certificate-untrusted': {
    severity: 'failure',
    title: 'the certificate comes from an authority nobody trusts',
    clients: 'Every client that was not told to trust it; hosted ones cannot be.',
    fix: 'Use a certificate of a public authority, or name your own by NODE_EXTRA_CA_CERTS and --ca.',
  },
  'address-silent': {
    severity: 'failure',
    title: 'an address that clients need does not answer',
    clients: 'Every client that gets this far. Claude gives up after 10 seconds.',
    fix: 'Check name, port, firewall and proxy. If it only answers elsewhere, ask the doctor there: from where clients are.',
  },
  'address-private': {
    severity: 'failure',
    title: 'a host leads to a private address from here',
    clients: 'Every client outside that network. It was not contacted: a public server has no business naming it.',
    fix: 'Give the host a public address in DNS. If that is so only on this network, ask the doctor from outside.',
  },
  'clock-off': {
    severity: 'failure',
    title: 'a clock is wrong by minutes',
    clients:
      'Every client: tokens are expired when they arrive, or not valid yet; signed assertions (ChatGPT) and DPoP proofs are refused.',
    fix: 'Run NTP on the servers, and on this machine if it is the one that differs from all of them.',
  },
  'clock-drifts': {
    severity: 'warning',
    title: 'a clock is wrong by more than half a minute',
    clients: 'Short-lived assertions and DPoP proofs begin to fail here.',
    fix: 'Run NTP on the servers, and on this machine if it is the one that differs from all of them.',
  },
  slow: {
    severity: 'warning',
    title: 'an answer took more than three seconds',
    clients: 'Claude gives up after 10 seconds; a server that sleeps answers its first client late.',
    fix: 'Find what is slow; keep one instance awake.',
  },
  'old-clients-left-out': {
    severity: 'warning',
    title: 'clients of 2025-03-26 find no authorization server',
    clients: 'Clients of the first revision do not read protected resource metadata: they look on the MCP origin only.',
    fix: 'Serve authorization server metadata and its endpoints on the MCP origin too, or use one origin for both. Skip it if you do not need these clients.',
  },
  'old-clients-foreign-issuer': {
    severity: 'warning',
    title: 'the metadata on the MCP origin is that of yet another issuer',
    clients:
      'Clients of the first revision sign in at another server than all others, and come back with tokens for it.',
    fix: 'Serve the metadata of the authorization server that "authorization_servers" names, or use one origin for both.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>
