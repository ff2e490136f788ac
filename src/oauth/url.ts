/** Whether text is an absolute URL, and a path without its last slashes. */

/**
 * `URL.canParse`, which Node 20 and 22 get wrong: once the code around it has run often enough to be optimised, it takes Latin-1
 * text for UTF-8 and turns down `https://bücher.example`.
 */
export function canParseUrl(text: string): boolean {
  try {
    return new URL(text) !== undefined
  } catch {
    return false
  }
}

/** The path without slashes at its end. In linear time: `/\/+$/` is quadratic for a path that a stranger fills with slashes (CWE-1333). */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}
