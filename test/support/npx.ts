/** Programs that are not among our dependencies, fetched by npx at a fixed version; a Node newer than ours comes along when they need one. */

/** Arguments of `npx` that run `program` of `packageVersion` (`name@1.2.3`) on at least Node `[major, minor]`. */
export function npxArguments(
  packageVersion: string,
  program: string,
  [neededMajor, neededMinor]: readonly [number, number],
): readonly string[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNewEnough = major > neededMajor || (major === neededMajor && minor >= neededMinor)
  return ['-y', ...(isNewEnough ? [] : ['-p', 'node@24']), '-p', packageVersion, '--', program]
}
