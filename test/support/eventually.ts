/** Milliseconds. Below Jest's limit for one test, so that the failure names the condition. A shorter limit would only judge the machine. */
const givenUpAfterMs = 150_000

/** Waits for an effect that no answer announces: asks every 5 ms until the condition holds, and fails if it never does. */
export async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + givenUpAfterMs; Date.now() < deadline; ) {
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
