/**
 * Every MUST and SHOULD that MCP and the specifications it cites put on an authorization server and on a protected MCP server,
 * of all revisions we serve, and what clients in the field need besides: each with the tests that prove it. Further tables of
 * the same rows belong into this folder and into this list.
 */
import { authorizationServerRequirements } from './requirements/authorization-server.js'
import { clientRequirements } from './requirements/clients.js'
import { extensionRequirements } from './requirements/extensions.js'
import { mcpAuthRequirements, openEdgeRequirements } from './requirements/founding-products.js'
import { epicMeRequirements, selfMemoryRequirements } from './requirements/founding-systems.js'
import { olderRevisionRequirements } from './requirements/older-revisions.js'
import type { Level, Requirement } from './requirements/requirement.js'
import { resourceServerRequirements } from './requirements/resource-server.js'
import { transportRequirements } from './requirements/transport.js'

export interface Area {
  readonly name: string
  readonly requirements: readonly Requirement[]
}

export const areas: readonly Area[] = [
  { name: 'Authorization server', requirements: authorizationServerRequirements },
  { name: 'MCP server as protected resource', requirements: resourceServerRequirements },
  { name: 'Transport', requirements: transportRequirements },
  { name: 'Only earlier revisions', requirements: olderRevisionRequirements },
  { name: 'Extensions', requirements: extensionRequirements },
  { name: 'Clients, as the specification and as they are', requirements: clientRequirements },
]

/** The systems that gave this project its idea: what they can, and we. */
export const foundingSystems: readonly Area[] = [
  { name: 'SelfMemory', requirements: selfMemoryRequirements },
  { name: 'EpicMe, the journal of the MCP authorization workshop', requirements: epicMeRequirements },
  { name: 'OpenEdge MCP server', requirements: openEdgeRequirements },
  { name: 'mcp-auth', requirements: mcpAuthRequirements },
]

function count(requirements: readonly Requirement[], level: Level): string {
  const ofLevel = requirements.filter((requirement) => requirement.level === level)
  const tested = ofLevel.filter(({ status }) => 'tests' in status).length
  return ofLevel.length === 0 ? '–' : `${tested} of ${ofLevel.length}`
}

/** The table of the manual: how many requirements have a test, by area and level. What lacks one has a reason in its row. */
export function requirementsTable(): string {
  const levels: readonly Level[] = ['MUST', 'SHOULD', 'MAY', 'OURS']
  const rows = [...areas, { name: '**All**', requirements: areas.flatMap(({ requirements }) => requirements) }]
  return [
    '| with a test that proves it | MUST | SHOULD | MAY | seen in the field |',
    '|---|---|---|---|---|',
    ...rows.map(({ name, requirements }) =>
      ['', name, ...levels.map((level) => count(requirements, level)), ''].join(' | ').trim(),
    ),
  ].join('\n')
}

/** The feature table of the manual: each capability of the founding systems by name, and whether it is here. */
export function foundingSystemsTable(): string {
  const rows = foundingSystems.flatMap(({ name, requirements }) => [
    `| | **${name}** | |`,
    ...requirements.map(
      ({ id, text, status }) => `| ${id} | ${text} | ${'outOfScope' in status ? `no: ${status.outOfScope}` : 'yes'} |`,
    ),
  ])
  return ['| | capability | here |', '|---|---|---|', ...rows].join('\n')
}
