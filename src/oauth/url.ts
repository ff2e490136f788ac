/** Whether text is an absolute URL, and a path without its last slashes. */

/**
 * Replaces `URL.canParse`, which is wrong in Node 20 and 22: once the surrounding code is optimised, it reads Latin-1 text as UTF-8 and
 * rejects `https://bücher.example`.
 */
export function canParseUrl(text: string): boolean {
  try {
    return new URL(text) !== undefined
  } catch {
    return false
  }
}

/** The path without trailing slashes, in linear time: `/\/+$/` is quadratic for a path that a stranger fills with slashes (CWE-1333). */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}
