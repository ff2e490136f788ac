/** Requests under way of which it is not known yet whether they count, by whom they would count for. */
export function createUndecided() {
  const all = new Map<string, { count: number; waiting: (() => void)[] }>()
  return {
    count: (key: string) => all.get(key)?.count ?? 0,
    /** Resolves when the next of them is decided. */
    nextDecision: (key: string) =>
      new Promise<void>((resolve) => void (all.get(key)?.waiting.push(resolve) ?? resolve())),
    /** Call the answer once it is decided. */
    begin: (key: string) => {
      const one = all.get(key) ?? { count: 0, waiting: [] }
      all.set(key, one)
      one.count += 1
      return () => {
        one.count -= 1
        if (one.count === 0) all.delete(key)
        for (const resolve of one.waiting.splice(0)) resolve()
      }
    },
  }
}
