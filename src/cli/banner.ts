/** What `gatehouse serve` says once it is ready: where things are, how to sign in, how to connect. */

import { connectPath } from '../authorization-server/routes.js'
import type { Config } from '../config/config.js'
import { type ConnectTarget, connectLines } from '../connect-page/connect-lines.js'
import type { Part } from '../program/parts-served.js'
import type { System } from '../program/system.js'
import { declaredResource } from '../program/topology.js'

/** What the lines depend on besides settings: they are run on this machine, as this program is. */
export interface Surroundings {
  /** How an operator calls this program: `node dist/main.js`. */
  readonly program: string
  /** Major version of the Node that runs it. */
  readonly nodeMajor: number
}

function signInLines(config: Config, setupLink: string | undefined, program: string): string[] {
  if (setupLink !== undefined) {
    return ['Create the first account with this link. It works once, for an hour:', `  ${setupLink}`]
  }
  const email = config.BOOTSTRAP_EMAIL
  return [
    email === undefined
      ? `Sign in with an account you made. Add one: ${program} accounts add <email>`
      : `Sign in as ${email}`,
  ]
}

/** Clients whose lines fit a terminal's output. The connect page has them all. */
const printed: ReadonlySet<string> = new Set(['claude-code', 'vs-code', 'cursor', 'inspector', 'mcp-remote'])

function connectSection(target: ConnectTarget, nodeMajor: number): string[] {
  const local = connectLines(target).filter(({ id, node = 0 }) => printed.has(id) && node <= nodeMajor)
  return [
    'Connect a client:',
    ...local.flatMap(({ client, code }) => ['', `  ${client}`, ...indent(code)]),
    '',
    `  More: open ${target.resource} in a browser`,
  ]
}

/** Data that spans lines is put on one: a line of a terminal is easier to copy than a block. */
function indent(code: string): string[] {
  const line = code.includes('\n') ? JSON.stringify(JSON.parse(code)) : code
  return [`    ${line}`]
}

/** The lines, ready to print. `only`: the one server that runs here. */
export function bannerLines(
  config: Config,
  system: Pick<System, 'urls' | 'setupLink'>,
  only: Part | undefined,
  { program, nodeMajor }: Surroundings,
): string[] {
  const { issuer, resource } = system.urls
  const notes = resource === undefined ? undefined : { ...declaredResource(config), resource }
  const warnings = config.dangerouslyAllowLoopbackClientMetadata
    ? ['', 'Warning: dangerouslyAllowLoopbackClientMetadata is on. For development and tests only.']
    : []
  return [
    '',
    'Gatehouse is ready.',
    '',
    ...(only === 'auth' || resource === undefined ? [] : [`  MCP URL               ${resource}`]),
    ...(only === 'mcp' ? [] : [`  Authorization server  ${issuer}`]),
    ...(only === 'auth' || resource === undefined ? [`  Connect a client      ${issuer}${connectPath}`] : []),
    ...(only === 'mcp' ? [] : ['', ...signInLines(config, system.setupLink(), program)]),
    ...(only === 'auth' || notes === undefined ? [] : ['', ...connectSection(notes, nodeMajor)]),
    ...warnings,
    '',
  ]
}
