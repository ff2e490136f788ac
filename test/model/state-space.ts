/** Explores every state that a model can reach, breadth first, and looks for one that breaks an invariant. */

export interface Step<State> {
  readonly action: string
  readonly state: State
}

export interface Model<State> {
  readonly initial: State
  /** Every action that may come next, whatever order a network, a scheduler or an attacker chooses. */
  next(state: State): readonly Step<State>[]
  readonly invariants: Readonly<Record<string, (state: State) => boolean>>
}

export interface Violation<State> {
  readonly invariant: string
  /** The shortest way there. */
  readonly trace: readonly string[]
  readonly state: State
}

export interface Exploration<State> {
  readonly states: number
  readonly edges: number
  readonly violation: Violation<State> | undefined
}

interface Visited<State> {
  readonly state: State
  readonly action: string
  readonly from: number
}

function traceTo<State>(visited: readonly Visited<State>[], index: number): string[] {
  const trace: string[] = []
  for (let at = visited[index]; at !== undefined && at.from >= 0; at = visited[at.from]) trace.unshift(at.action)
  return trace
}

export interface ExploreOptions {
  /** Told of each edge with the shortest way to its end. */
  readonly onEdge?: (trace: () => string[], index: number) => void
}

/** Stops at the first violation. States must be plain data: two that look the same are one. */
export function explore<State>(model: Model<State>, { onEdge }: ExploreOptions = {}): Exploration<State> {
  const visited: Visited<State>[] = [{ state: model.initial, action: '', from: -1 }]
  const known = new Set([JSON.stringify(model.initial)])
  const invariants = Object.entries(model.invariants)
  let edges = 0
  const judge = (index: number): Violation<State> | undefined => {
    const { state } = visited[index] as Visited<State>
    const broken = invariants.find(([, holds]) => !holds(state))
    return broken === undefined ? undefined : { invariant: broken[0], trace: traceTo(visited, index), state }
  }
  const first = judge(0)
  if (first !== undefined) return { states: 1, edges, violation: first }
  for (let at = 0; at < visited.length; at += 1) {
    const { state } = visited[at] as Visited<State>
    for (const step of model.next(state)) {
      onEdge?.(() => [...traceTo(visited, at), step.action], edges)
      edges += 1
      const key = JSON.stringify(step.state)
      if (known.has(key)) continue
      known.add(key)
      visited.push({ ...step, from: at })
      const violation = judge(visited.length - 1)
      if (violation !== undefined) return { states: visited.length, edges, violation }
    }
  }
  return { states: visited.length, edges, violation: undefined }
}
