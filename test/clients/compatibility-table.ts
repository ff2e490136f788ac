/** The compatibility table of the manual, from the steps that worked in a run. Deterministic: the same run gives the same bytes. */

import { type Step, steps } from './replay.js'
import type { ClientShape } from './shape.js'

/** Which steps of which client worked. */
export type Outcomes = ReadonlyMap<string, ReadonlySet<Step>>

const registrations: Readonly<Record<ClientShape['registration']['kind'], string>> = {
  'metadata document': 'metadata document',
  dynamic: 'registers itself',
  static: 'made by the operator',
}

function redirectCell({ registration, redirectUri }: ClientShape): string {
  const registered =
    registration.kind === 'metadata document'
      ? registration.document['redirect_uris']
      : registration.kind === 'dynamic'
        ? registration.body['redirect_uris']
        : [redirectUri]
  const isListed = Array.isArray(registered) && registered.includes(redirectUri)
  return `\`${redirectUri}\`${isListed ? '' : ', another port'}`
}

function stepCell(shape: ClientShape, step: Step, outcomes: Outcomes): string {
  if (outcomes.get(shape.name)?.has(step) !== true) return '**no**'
  return step === 'step-up' && shape.stepUp === 'configured' ? 'on reconnect' : 'yes'
}

export function compatibilityTable(shapes: readonly ClientShape[], outcomes: Outcomes): string {
  const heading = ['client', 'identity', 'redirect', 'authentication', 'revision', ...steps, 'facts']
  const rows = shapes.map((shape) => [
    shape.name,
    registrations[shape.registration.kind],
    redirectCell(shape),
    `\`${shape.authMethod}\``,
    shape.revision,
    ...steps.map((step) => stepCell(shape, step, outcomes)),
    `${shape.evidence} ${shape.seen}`,
  ])
  return [heading, heading.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
