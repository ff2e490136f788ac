/** Every kind of problem the doctor knows, by its code. Codes are part of `--json`: they are added, never renamed. */
import { documentProblemKinds } from './documents.js'
import { endpointProblemKinds } from './endpoint.js'
import { serverProblemKinds } from './server.js'
import { transportProblemKinds } from './transport.js'

export const problems = {
  ...endpointProblemKinds,
  ...documentProblemKinds,
  ...serverProblemKinds,
  ...transportProblemKinds,
}

export type ProblemCode = keyof typeof problems
