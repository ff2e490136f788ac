/** Invalid settings. Each line in the terminal begins with the setting's name; `{}` stands for it. No server starts with one. */
import type { Problems } from './problem.js'

const check = 'gatehouse config check'

export const settingProblems = {
  'setting-format': {
    says: [
      '{} must be one of {}',
      '{} must be a whole number from {} to {}',
      '{} must be auto or a whole number from 1 to 128',
      '{} must be true or false',
      '{} must be a colour such as #0b5cad',
      '{} must be plain text of at most 60 characters',
      '{} must be an email address',
      '{} must be an https URL',
      '{} must be an email address or an https URL',
      '{} must be requests a second and at once, such as 5/20',
      '{} must list addresses or CIDR ranges',
      '{} must list hosts such as client.example.com or *.example.com',
      '{} must list redirect URIs with private-use schemes',
      '{} must be off, or pairs such as token=6000 of these names: {}',
      '{} names {} twice',
    ],
    means: 'The value of the setting is invalid. The line says which values are valid.',
    change: { operator: 'Write the value as the line says.' },
    show: check,
  },
  'setting-logo': {
    says: ['LOGO_FILE cannot be read: {}', 'LOGO_FILE is refused: the file {}'],
    means:
      'The logo is missing, too large, or not one that can be shown on a page on which people type passwords. A PNG picture is taken, and an SVG drawing of shapes without scripts, style sheets, text, pictures and references to other files.',
    change: {
      operator: 'Correct the path, or export the logo again as the line says. A PNG picture needs no preparation.',
    },
    show: check,
  },
  'setting-url': {
    says: [
      '{} must be an absolute http(s) URL',
      '{} must have no blank, query, fragment or user',
      '{} must be https unless its host is localhost',
      '{} must be written {}',
      '{} must have a plain path, such as /auth',
      '{} must name a path, for example /mcp',
      '{} must differ from ISSUER_URL: {} is both',
      '{} cannot be {}: that path is needed otherwise, choose one such as /mcp',
    ],
    means: 'A public URL is not usable in tokens and metadata. Clients compare these URLs character for character.',
    change: { operator: 'Write the URL that clients use to reach the server, with https.' },
    show: check,
  },
  'setting-mail': {
    says: [
      '{} must be an smtps:// or smtp:// URL with a host, and nothing behind it',
      '{} must have each % of its user name and password written as %25',
      '{} must have both a user name and a password, or neither',
      '{} must be an address such as login@example.com or Example <login@example.com>',
      'SMTP_URL and MAIL_FROM must be set together',
    ],
    means:
      'The SMTP server or the sender of mails cannot be used as written. No line repeats the URL, because a password is in it.',
    change: {
      operator:
        'Write smtps://user:password@mail.example.com, percent-encoding special characters, and the sender beside it.',
    },
    show: check,
  },
  'setting-database-url': {
    says: [
      '{} must be a postgresql:// URL',
      '{} must name one host: the primary, or a proxy that leads to it',
      '{} must have an sslmode of {}',
      '{} cannot be used: {}',
    ],
    means: 'The URL of the database is invalid, or it has options that the driver does not support.',
    change: { operator: 'Write postgresql://user:password@host/database, percent-encoding special characters.' },
    show: check,
  },
  'setting-secret': {
    says: [
      '{} must hold at least 32 random bytes in base64url, or several such keys',
      '{} must be at least 24 visible ASCII characters',
      "ENCRYPTION_KEY is not random: make one with `openssl rand -base64 32 | tr '+/' '-_' | tr -d =`",
      '{} is a placeholder or easily guessed: {}',
      '{} must not be ENCRYPTION_KEY: {}',
      'BOOTSTRAP_PASSWORD is a placeholder: choose one of your own',
      '{} has the password of an example: give the role another one',
    ],
    means: 'A secret is too short or easy to guess, and others can reach the server.',
    change: {
      operator: 'Generate a random one. `gatehouse keys encrypt` re-encrypts what is stored with a new encryption key.',
    },
    show: check,
  },
  'setting-bootstrap-account': {
    says: [
      'BOOTSTRAP_EMAIL must be an email address',
      'BOOTSTRAP_PASSWORD is refused. {}',
      'BOOTSTRAP_EMAIL and BOOTSTRAP_PASSWORD must be set together',
    ],
    means: 'The first account cannot be created from the two settings.',
    change: { operator: 'Set both, with a password that the rules allow; or leave both out and use the set-up link.' },
    show: check,
  },
  'setting-too-wide': {
    says: ['{} must not trust everybody: {} is wider than any network of yours'],
    means: '`TRUSTED_PROXIES` lists a network so wide that strangers could forge their address.',
    change: { operator: 'List the addresses of your proxies.' },
    show: check,
  },
  'setting-given-twice': {
    says: ['{} and its _FILE form are both set'],
    means: 'The setting and its `_FILE` form are both set, and could differ.',
    change: { operator: 'Set only one of them.' },
    show: check,
  },
  'setting-kubernetes-link': {
    says: ['{} was set by Kubernetes for a Service of that name: set enableServiceLinks: false on the Pod'],
    means: 'Kubernetes sets such a variable for a Service with a name like that of the setting.',
    change: { operator: 'Set `enableServiceLinks: false` on the Pod, or rename the Service.' },
    show: check,
  },
  'setting-unknown': {
    says: ['{} is not a setting', '{} is not a setting: did you mean {}?'],
    means:
      'No setting has this name. If the server ignored it, the default would stay in effect, which may be less safe.',
    change: { operator: 'Correct the name, or remove the variable.' },
    show: check,
  },
  'setting-moved': {
    says: ['{} is not a setting any more: say it in gatehouse.yaml (GATEHOUSE_FILE)'],
    means: 'The declaration file has replaced this setting.',
    change: { operator: 'Move the content to the file, and remove the setting.' },
    show: check,
  },
  'setting-without-effect': {
    says: [
      'RESOURCE_ALIASES has no effect for {}: that is RESOURCE_URL itself',
      '{} has no effect on the embedded database: set DATABASE_URL or NOTES_DATABASE_URL, or leave it out',
      'CLIENT_METADATA_ALLOWED_HOSTS has no effect for {}: CLIENT_METADATA_DENIED_HOSTS covers it',
    ],
    means: 'Another setting overrides this one, so it would not do what you expect.',
    change: { operator: 'Remove one of the two.' },
    show: check,
  },
  'settings-contradict': {
    says: [
      'METRICS_PORT must differ from the ports of the servers',
      'dangerouslyAllowLoopbackClientMetadata is refused: ISSUER_URL is not on localhost',
      'INTROSPECTION_CLIENT_ID and INTROSPECTION_CLIENT_SECRET must be set together',
      'ACCESS_TOKEN_FORMAT=opaque needs INTROSPECTION_CLIENT_ID and INTROSPECTION_CLIENT_SECRET',
      'KEY_LEAD_SECONDS must be at most half of KEY_ROTATION_DAYS',
      'WORKERS={} needs PostgreSQL, because the embedded database is open in one process: set {}, or WORKERS=1',
      'both servers would listen on port {}: set AUTH_PORT and MCP_PORT, or give ISSUER_URL and RESOURCE_URL the same origin',
    ],
    means: 'Two settings contradict each other. The line names both.',
    change: { operator: 'Change one of the two as the line says.' },
    show: check,
  },
  'declaration-wrong': {
    says: ['{}:{}:{}: {}'],
    means: 'The declaration file has a mistake at this line and column. Each mistake is on its own line.',
    change: { operator: 'Correct the file as the lines say.' },
    show: check,
  },
  'token-settings-overruled': {
    says: ['{} has no effect on the resources of the declaration file: set {} there'],
    means:
      'Each resource of the declaration file has rules of its own for its tokens. The setting does not reach them.',
    change: { operator: 'Write the member that the line names into the entries, and leave the setting out.' },
    show: check,
  },
  'settings-unusual': {
    says: [
      'TRUSTED_PROXIES is not set: all clients seem to have the address of your proxy, and share its rate limits',
      'DATABASE_URL is not set: the embedded database is for one process on one disk; replicas need PostgreSQL',
      'ENCRYPTION_KEY is not set: the key is a file in DATA_DIR, which the next machine will not have',
      '{} has no sslmode=verify-full, and its host is not a private one',
      'REGISTRATION=open: anyone may register any number of clients',
      'RATE_LIMITS=off: requests of strangers are not rate-limited',
      'DATABASE_URL and NOTES_DATABASE_URL are the same: give the MCP server its own database and role',
    ],
    means: 'The server starts, and warns of a setting that is unusual for a server that others can reach.',
    change: { operator: 'Change the setting that the line names, or keep it if it is intended.' },
    show: check,
  },
} satisfies Problems
