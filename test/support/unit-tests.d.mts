/** Absolute paths of the test files that start no server, database or process. `apart`: parts of paths that are left out. */
export function unitTests(apart: readonly string[]): string[]
