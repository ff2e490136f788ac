/**
 * The only reader of the environment. `parseConfig` is pure: environment in, frozen Config out, or one ConfigError that lists
 * every mistake.
 */
import { deploymentMistakes } from '../oauth/deployment.js'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { parseUsageLimits, type UsageLimits } from '../oauth/usage-limits.js'
import { guessableSecrets } from './secret-rules.js'
import type { Setting } from './setting.js'
import { effectlessSettings } from './setting-effects.js'
import { type CallLimit, parseCallLimit } from './setting-values.js'
import { type LogLevel, type RegistrationMode, settings } from './settings.js'
import { unknownSettings } from './unknown-settings.js'

export type { LogLevel }
export type Environment = Readonly<Record<string, string | undefined>>

type Settings = typeof settings
type SettingName = keyof Settings
type Values = { -readonly [Name in SettingName]: Settings[Name] extends Setting<infer T> ? T : never }

/** Effective settings, plus what follows from them. */
export type Config = Readonly<Values> & {
  /** True when the issuer is on this machine: development defaults are allowed. */
  readonly issuerIsLoopback: boolean
  /** REGISTRATION, or what follows from the issuer. */
  readonly registrationMode: RegistrationMode
  /**
   * True if all clients seem to have the proxy's address. The server ends no TLS itself, so behind an https issuer there is a
   * proxy, and TRUSTED_PROXIES does not name it.
   */
  readonly hidesAddresses: boolean
  /** INTROSPECTION_CLIENT_ID and INTROSPECTION_CLIENT_SECRET. */
  readonly introspectionClient: { readonly clientId: string; readonly clientSecret: string } | undefined
  readonly authPort: number
  readonly mcpPort: number
  /** RATE_LIMITS, or what follows from the issuer. */
  readonly usageLimits: UsageLimits
  /** Variables that may be misspelt settings; each a sentence for the operator. */
  readonly settingWarnings: readonly string[]
  /** Settings that say where the notes are, as far as they are set: a file that declares resources says it in their place. */
  readonly notesSettings: readonly string[]
  /** Settings of tokens that the operator gave: a file's resources have rules of their own. */
  readonly tokenSettings: readonly string[]
  /** CALL_LIMIT_PER_CALLER and CALL_LIMIT_TOTAL. */
  readonly callLimits: { readonly perCaller: CallLimit | undefined; readonly overall: CallLimit | undefined }
}

/** The settings as far as they can be read. */
export interface Draft {
  /** Has defaults in place of the settings in `wrong`. */
  readonly config: Config
  /** Names of the settings whose own text is a mistake. */
  readonly wrong: readonly string[]
}

export class ConfigError extends Error {
  readonly mistakes: readonly string[]
  /** If the settings themselves are wrong: for checks of what is left. */
  readonly draft: Draft | undefined
  constructor(mistakes: readonly string[], draft?: Draft) {
    super(
      `${mistakes.length === 1 ? 'one setting is' : `${mistakes.length} settings are`} wrong:\n  ${mistakes.join('\n  ')}`,
    )
    this.name = 'ConfigError'
    this.mistakes = mistakes
    this.draft = draft
  }
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url)
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** Every variable that is read. */
const settingNames: readonly string[] = Object.entries(settings as Record<string, Setting<unknown>>).flatMap(
  ([name, { secret }]) => (secret === true ? [name, `${name}_FILE`] : [name]),
)

function relations(values: Values, issuerIsLoopback: boolean): string[] {
  const mistakes: string[] = []
  const serverPorts = [values.AUTH_PORT ?? portOf(values.ISSUER_URL), values.MCP_PORT ?? portOf(values.RESOURCE_URL)]
  if (values.METRICS_PORT !== undefined && serverPorts.includes(values.METRICS_PORT)) {
    mistakes.push('METRICS_PORT must differ from the ports of the servers')
  }
  if ((values.BOOTSTRAP_EMAIL === undefined) !== (values.BOOTSTRAP_PASSWORD === undefined)) {
    mistakes.push('BOOTSTRAP_EMAIL and BOOTSTRAP_PASSWORD must be set together')
  }
  if ((values.SMTP_URL === undefined) !== (values.MAIL_FROM === undefined)) {
    mistakes.push('SMTP_URL and MAIL_FROM must be set together')
  }
  if (values.dangerouslyAllowLoopbackClientMetadata && !issuerIsLoopback) {
    mistakes.push('dangerouslyAllowLoopbackClientMetadata is refused: ISSUER_URL is not on localhost')
  }
  if (!issuerIsLoopback) mistakes.push(...guessableSecrets(values))
  if ((values.INTROSPECTION_CLIENT_ID === undefined) !== (values.INTROSPECTION_CLIENT_SECRET === undefined)) {
    mistakes.push('INTROSPECTION_CLIENT_ID and INTROSPECTION_CLIENT_SECRET must be set together')
  }
  if (values.ACCESS_TOKEN_FORMAT === 'opaque' && values.INTROSPECTION_CLIENT_ID === undefined) {
    mistakes.push('ACCESS_TOKEN_FORMAT=opaque needs INTROSPECTION_CLIENT_ID and INTROSPECTION_CLIENT_SECRET')
  }
  const { KEY_ROTATION_DAYS: days, KEY_LEAD_SECONDS: lead } = values
  if (days > 0 && lead > (days * 86_400) / 2) {
    mistakes.push('KEY_LEAD_SECONDS must be at most half of KEY_ROTATION_DAYS')
  }
  const { ISSUER_URL: issuer, RESOURCE_URL: resource, RESOURCE_ALIASES: aliases } = values
  mistakes.push(...deploymentMistakes({ issuer, resource, aliases }))
  return mistakes
}

/**
 * Reads all settings at once. An empty variable counts as unset. `readFile` reads the file that a NAME_FILE variable names.
 * Throws ConfigError with every mistake.
 */
export function parseConfig(environment: Environment, readFile: (path: string) => string): Config {
  const unknown = unknownSettings(environment, settingNames)
  const mistakes = [...unknown.mistakes]
  const wrong: string[] = []
  const entries = Object.entries(settings as Record<string, Setting<unknown>>).map(([name, declaration]) => {
    let text = environment[name]
    const file = environment[`${name}_FILE`]
    try {
      if (declaration.secret === true && file !== undefined && file !== '') {
        if (text !== undefined && text !== '') throw new Error('and its _FILE form are both set')
        text = readFile(file).trim()
      }
      if (name.endsWith('_PORT') && /^(?:tcp|udp):\/\//.test(text ?? ''))
        throw new Error('was set by Kubernetes for a Service of that name: set enableServiceLinks: false on the Pod')
      return [name, text === undefined || text === '' ? declaration.default : declaration.parse(text)]
    } catch (error) {
      mistakes.push(`${name} ${error instanceof Error ? error.message : String(error)}`)
      wrong.push(name)
      return [name, declaration.default]
    }
  })
  const values = Object.fromEntries(entries) as Values
  const issuerIsLoopback = isLoopbackHost(new URL(values.ISSUER_URL).hostname)
  const isGiven = (name: string) => [environment[name], environment[`${name}_FILE`]].some((text) => (text ?? '') !== '')
  mistakes.push(...relations(values, issuerIsLoopback), ...effectlessSettings(values, isGiven))
  const { INTROSPECTION_CLIENT_ID: clientId, INTROSPECTION_CLIENT_SECRET: clientSecret } = values
  const config: Config = Object.freeze({
    ...values,
    hidesAddresses: values.ISSUER_URL.startsWith('https:') && values.TRUSTED_PROXIES.length === 0,
    introspectionClient: clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret },
    issuerIsLoopback,
    settingWarnings: unknown.warnings,
    notesSettings: ['RESOURCE_URL', 'RESOURCE_ALIASES'].filter(isGiven),
    tokenSettings: ['ACCESS_TOKEN_FORMAT', 'ACCESS_TOKEN_TTL_SECONDS'].filter(isGiven),
    registrationMode: values.REGISTRATION ?? (issuerIsLoopback ? 'open' : 'limited'),
    authPort: values.AUTH_PORT ?? portOf(values.ISSUER_URL),
    mcpPort: values.MCP_PORT ?? portOf(values.RESOURCE_URL),
    usageLimits: parseUsageLimits(values.RATE_LIMITS ?? (issuerIsLoopback ? 'off' : '')),
    callLimits: {
      perCaller: parseCallLimit(values.CALL_LIMIT_PER_CALLER ?? ''),
      overall: parseCallLimit(values.CALL_LIMIT_TOTAL ?? ''),
    },
  })
  if (mistakes.length > 0) throw new ConfigError(mistakes, { config, wrong })
  return config
}

/** Name and value in force of every setting, secrets masked: what `gatehouse config print` shows. */
export function describeConfig(config: Config): readonly (readonly [string, string])[] {
  const derived: Partial<Record<SettingName, unknown>> = {
    AUTH_PORT: config.authPort,
    MCP_PORT: config.mcpPort,
    REGISTRATION: config.registrationMode,
  }
  return Object.entries(settings as Record<string, Setting<unknown>>).map(([name, { secret }]) => {
    const value = config[name as SettingName] ?? derived[name as SettingName]
    if (value === undefined) return [name, '(unset)'] as const
    return [name, secret === true ? '********' : textOf(value)] as const
  })
}

/** As in the environment: lists of words with commas, everything that has members as JSON. */
function textOf(value: unknown): string {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  return items.some((item) => typeof item === 'object') ? JSON.stringify(value) : items.join(',')
}

function defaultText(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  return `\`${textOf(value)}\``
}

/** The manual's table of settings, in Markdown. */
export function settingsTable(): string {
  const rows = Object.entries(settings as Record<string, Setting<unknown>>).map(([name, setting]) => {
    const file = setting.secret === true ? ` Also \`${name}_FILE\`.` : ''
    return `| \`${name}\` | ${defaultText(setting.default)} | ${setting.doc.replaceAll('|', '\\|')}${file} |`
  })
  return ['| setting | default | what it does |', '|---|---|---|', ...rows].join('\n')
}
