/** Waits for what happens behind a caller's back: asks again until it holds, and fails when it never does. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('it never came to that')
}

/** The first answer to what is asked every 50 ms; fails when there is none within `limitSeconds`. */
export async function firstAnswer<T>(
  what: string,
  limitSeconds: number,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  for (const deadline = Date.now() + limitSeconds * 1_000; Date.now() < deadline; ) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`no ${what} within ${limitSeconds} s`)
}
