/** Making text from files harmless inside a page. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Text as HTML, also inside quoted attributes. Control characters, which HTML cannot hold, become spaces. */
export const escapeHtml = (text: string): string =>
  text.replace(CONTROL, " ").replace(/[&<>"']/g, (character) => ENTITIES[character]);

/** A value as JSON that cannot end the `<script>` element it stands in. */
export const inlineJson = (value: unknown): string => JSON.stringify(value).replace(/</g, "\\u003c");

/**
 * A program of our own or of a dependency as the text of a `<script>` element. "</script" and "<!--" occur in
 * programs only inside strings and regular expressions, where the backslash means nothing.
 */
export const inlineScript = (program: string): string =>
  program.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
