/** Context of the page that posts a form by itself. */

/** views/form-post.ejs: posts itself, by its script or the person's press of the button. */
export interface FormPostContext {
  readonly action: string
  /** Of the action, as the person reads it. */
  readonly host: string
  readonly fields: Readonly<Record<string, string>>
}
