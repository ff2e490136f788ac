/** Refusals of dynamic registration (RFC 7591) and its management (RFC 7592). The same rules apply to metadata documents. */
import type { Problems } from './problem.js'

const post = (metadata: string) => `curl -s $ISSUER/register -H 'Content-Type: application/json' -d '${metadata}'`
const uri = '"redirect_uris":["https://app.example/callback"]'

export const registrationProblems = {
  'registration-body-invalid': {
    error: 'invalid_request',
    says: [
      'failed to parse the request body',
      'only {} content-type bodies are supported on {} {}',
      'client registration request must be a JSON object',
    ],
    means: 'The body has the wrong format: most endpoints expect a form, the registration endpoint a JSON object.',
    change: { client: 'Send the content type that the text names, and a matching body.' },
    show: 'curl -s $ISSUER/register -d name=x',
  },
  'registration-token-missing': {
    error: 'invalid_token',
    says: ['registration requires an initial access token: ask the operator of this server for one'],
    means: '`REGISTRATION=token`: only invited clients may register.',
    change: {
      operator: 'Issue a token for each client that should register.',
      client: 'Let the person enter it, and send it as `Authorization: Bearer <token>`.',
    },
    show: 'gatehouse clients invite',
  },
  'registration-token-detail': {
    error: 'invalid_token',
    logs: [
      'initial access token not found',
      'invalid initial access token value',
      'registration access token not found',
      'the client was removed, or its token was used',
    ],
    means:
      'The invitation or the registration access token is unknown, was used, or has expired. Each update of a client replaces its token.',
    change: {
      client: 'Store the `registration_access_token` of the latest response.',
      operator: 'Issue another invitation.',
    },
    show: 'gatehouse clients invite',
  },
  'registration-limit': {
    error: 'temporarily_unavailable',
    says: ['too many registrations, try again later'],
    means:
      'More clients registered from one network, or in all, than `REGISTRATION_LIMIT_PER_ADDRESS` or `REGISTRATION_LIMIT_TOTAL` allows in an hour.',
    change: {
      client: 'Register once and keep the `client_id`. Wait as `Retry-After` says.',
      operator: 'Set `TRUSTED_PROXIES` if all clients appear to have one address; otherwise raise the limit.',
    },
    show: 'gatehouse config print',
  },
  'metadata-size': {
    error: 'invalid_client_metadata',
    says: [
      'the metadata is too large, nests too deep or holds characters that are none',
      'a registration has at most {} bytes of metadata, with the defaults that are filled in',
    ],
    logs: ['refused by size ({}', 'refused by registration-size ({}'],
    means: 'The metadata is larger than any legitimate client needs, or it cannot be stored.',
    change: { client: 'Send less: leave out members that you do not need.' },
  },
  'redirect-uri-count': {
    error: 'invalid_redirect_uri',
    says: ['at most {} redirect_uris of at most {} characters can be registered'],
    logs: ['refused by redirect-uri-count ({}'],
    means: 'There are too many redirect URIs, or one is too long.',
    change: { client: 'Register only the URIs that you use.' },
  },
  'redirect-uri-forbidden': {
    error: 'invalid_redirect_uri',
    says: ['redirect_uris must be https, or http on localhost, 127.0.0.1 or [::1], without user, fragment or wildcard'],
    logs: ['refused by redirect-uri-forbidden ({}'],
    means: 'A redirect URI would send the code where others can read it (RFC 9700 §2.1).',
    change: {
      client: 'Use https, or http on a loopback address for a program on the person’s computer (RFC 8252 §7.3).',
    },
    show: post('{"redirect_uris":["http://app.example/callback"]}'),
  },
  'redirect-uri-private-use': {
    error: 'invalid_redirect_uri',
    says: ['a redirect_uri with a private-use scheme must be on the allow-list (ALLOWED_PRIVATE_USE_REDIRECTS)'],
    logs: ['refused by redirect-uri-private-use ({}'],
    means: 'Any app on a device can claim a scheme such as `myapp:`, so the operator lists the allowed ones.',
    change: {
      client: 'Use a loopback or an https redirect.',
      operator: 'Add the exact URI to `ALLOWED_PRIVATE_USE_REDIRECTS` if you trust the app.',
    },
    show: post('{"redirect_uris":["com.example.app:/callback"]}'),
  },
  'redirect-uri-own-host': {
    error: 'invalid_redirect_uri',
    says: [
      'redirect_uris and post_logout_redirect_uris must not be on a host of this server or its resources: only its operator can add such a client (gatehouse.yaml)',
    ],
    logs: ['refused by redirect-uri-own-host ({}'],
    means:
      'The redirect leads to a host of this server. A page or open redirect on it would receive the codes of strangers’ clients.',
    change: { client: 'Use your own host.', operator: 'Add clients on your own hosts in `gatehouse.yaml`.' },
    show: post('{"redirect_uris":["$ISSUER/callback"]}'),
  },
  'redirect-uris-missing': {
    error: ['invalid_redirect_uri', 'invalid_client_metadata'],
    says: [
      'redirect_uris must contain members',
      'redirect_uris is mandatory property',
      'redirect_uris must only contain strings',
      'redirect_uris must be an array',
    ],
    means: 'A client that uses the authorization code flow must register at least one redirect URI.',
    change: { client: 'Send `redirect_uris`, an array of strings.' },
    show: post('{}'),
  },
  'redirect-uri-type': {
    error: ['invalid_redirect_uri', 'invalid_client_metadata'],
    says: [
      '{} must only contain valid uris',
      '{} must not contain fragments',
      '{} must only contain web uris',
      '{} for native clients using http as a protocol can only use loopback addresses as hostnames',
      '{} for native clients using claimed HTTPS URIs must not be using {} as hostname',
      '{} must not use the {} URI scheme',
    ],
    means: 'A redirect URI does not fit the `application_type` that is registered or derived.',
    change: { client: 'Leave `application_type` out, or register native and web clients separately.' },
  },
  'client-name-invalid': {
    error: 'invalid_client_metadata',
    says: ['client_name must be plain text of at most {} characters'],
    logs: ['refused by client-name ({}'],
    means: 'The name is shown to people who decide about access, so it must be short and plain.',
    change: { client: 'Choose a short name without control characters.' },
    show: post(`{"client_name":"a\\u202eb",${uri}}`),
  },
  'metadata-member-form': {
    error: 'invalid_client_metadata',
    says: [
      'members are text of at most {} characters or short lists of text, and a key set has at most {} keys',
      'no member may hold control characters, invisible ones or marks that change the reading order',
      '{} must be http or https URLs without user',
      '{} must be https URLs without user',
      'post_logout_redirect_uris follow the rules of redirect_uris',
    ],
    logs: [
      'refused by member-form ({}',
      'refused by deceptive-text ({}',
      'refused by link ({}',
      'refused by fetched-url ({}',
      'refused by post-logout-redirect-uris ({}',
    ],
    means: 'A member of the metadata does not have the required form. The text names the rule.',
    change: { client: 'Correct the member, or leave it out.' },
    show: post(`{"logo_uri":"javascript:0",${uri}}`),
  },
  'metadata-value': {
    error: 'invalid_client_metadata',
    says: [
      '{} must be a non-negative integer',
      '{} must be an array',
      '{} must only contain strings',
      '{} must be a boolean',
      '{} must be a non-empty string if provided',
      '{} must only contain {} uris',
      '{} must be a {} uri',
      '{} includes no supported values',
      '{} must include the value of provided {}',
      '{} is mandatory property',
      '{} is mandatory property when {} is provided',
      '{} can only contain {}',
      '{} must be {}',
      '{} must be empty (no values are allowed)',
      '{} must not be provided (no values are allowed)',
      '{} has no values supported by this authorization server',
      'invalid {} value',
      'response_modes must contain members',
      'contacts can only contain email addresses',
      'scope must only contain Authorization Server supported scope values',
      'only one proof of possession mechanism can be made required at a time',
      'response_types must not include "token" when {} is used',
    ],
    means: 'A member has a value that this server does not support, or the wrong type. The text names both.',
    change: { client: 'Compare it with the metadata of the server (`…_supported`), or leave the member out.' },
    show: post(`{"token_endpoint_auth_method":"tls_client_auth",${uri}}`),
  },
  'metadata-keys': {
    error: 'invalid_client_metadata',
    says: [
      'jwks and jwks_uri must not be used at the same time',
      'jwks or jwks_uri is mandatory for this client',
      'client JSON Web Key Set is invalid',
      'an RSA key has {} to {} bits and an exponent of at most {}',
    ],
    logs: ['refused by key-size ({}'],
    means: 'The keys of the client are missing, given twice, or of a kind that is not accepted.',
    change: { client: 'Send either `jwks` or `jwks_uri`, with public keys only; RSA keys of 2,048 bits or more.' },
    show: post(`{"token_endpoint_auth_method":"private_key_jwt",${uri}}`),
  },
  'client-grants-invalid': {
    error: ['invalid_client_metadata', 'invalid_redirect_uri'],
    says: [
      'only clients that the operator registers can use client_credentials',
      'a public client cannot use client_credentials',
      'a public client cannot exchange identity assertions',
      'identity assertions are not exchanged here',
    ],
    logs: [
      'refused by client-credentials-of-stranger ({}',
      'refused by client-credentials-of-public-client ({}',
      'refused by assertions-of-public-client ({}',
      'refused by assertions-not-taken ({}',
    ],
    means: 'The client requests a grant type that it may not have.',
    change: {
      client: 'Register `authorization_code` and `refresh_token`.',
      operator: 'Add clients with other grant types yourself.',
    },
    show: post(`{"grant_types":["client_credentials"],${uri}}`),
  },
  'operator-client-invalid': {
    error: 'invalid_client_metadata',
    says: [
      'require_pkce can be false only for a client that authenticates',
      'consent must be ask for a public client with a loopback or private-use redirect_uri: anybody can use its client_id',
    ],
    logs: ['refused by pkce-of-public-client ({}', 'refused by consent-of-unproven-client ({}'],
    means: 'A client of the operator has a combination of members that would be unsafe.',
    change: { operator: 'Give the client a secret or keys, or leave the member out.' },
    show: 'gatehouse config check',
  },
  'client-management-refused': {
    error: 'invalid_request',
    says: [
      'client does not have permission to read its record',
      'client does not have permission to update its record',
      'client does not have permission to delete its record',
      'request MUST NOT include the {} field',
      "provided client_id does not match the authenticated client's one",
      "provided client_secret does not match the authenticated client's one",
    ],
    means: 'The client may not read or change its registration in this way (RFC 7592 §2).',
    change: {
      client: 'Send the complete metadata, with the same `client_id` and without members that the server sets.',
    },
  },
} satisfies Problems
