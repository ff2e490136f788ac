/** Reads bodies of requests and responses as text with a size limit. */

/** `undefined` if it is longer than `maxBytes`; the rest is not read. */
export async function readText({ body }: Pick<Response, 'body'>, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
