/** Making text from files harmless inside a page. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** They would show what stands around them in another order. */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text that changes nothing around it: control characters become spaces, marks of direction are seen as such. */
export const quietText = (text: string): string => text.replace(CONTROL, " ").replace(DIRECTION, "\ufffd");

/** Text as HTML or SVG, also inside quoted attributes; see `quietText`. */
export const escapeHtml = (text: string): string =>
  quietText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);

/** A value as JSON that cannot end the `<script>` element it stands in. */
export const inlineJson = (value: unknown): string => JSON.stringify(value).replace(/</g, "\\u003c");

/**
 * A program of our own or of a dependency as the text of a `<script>` element. "</script" and "<!--" occur in
 * programs only inside strings and regular expressions, where the backslash means nothing.
 */
export const inlineScript = (program: string): string =>
  program.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
