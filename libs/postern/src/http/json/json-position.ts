const SPACE = /[ \t\n\r]*/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![\w.+-])/y;

/**
 * Finds where a text stops being JSON: the offset (in UTF-16 units) of the first token that does not belong there, which
 * is the text's length when it ends too early; `undefined` when the whole text is JSON. It tells the place only: the
 * parser's own message would quote the body.
 * @see RFC 8259
 */
export function jsonErrorPosition(text: string): number | undefined {
  let at = 0;
  const take = (token: RegExp): boolean => {
    token.lastIndex = at;
    if (!token.test(text)) return false;
    at = token.lastIndex;
    return true;
  };
  const takeMark = (mark: string): boolean => {
    take(SPACE);
    if (text[at] !== mark) return false;
    at += 1;
    return true;
  };
  const takeName = (): boolean => {
    take(SPACE);
    return take(STRING) && takeMark(':');
  };

  // The open brackets instead of recursion: a body may open as many as it has bytes.
  const open: ('{' | '[')[] = [];
  for (;;) {
    // A value is due here.
    if (takeMark('{')) {
      if (!takeMark('}')) {
        open.push('{');
        if (!takeName()) return at;
        continue;
      }
    } else if (takeMark('[')) {
      if (!takeMark(']')) {
        open.push('[');
        continue;
      }
    } else if (!take(STRING) && !take(SCALAR)) {
      return at;
    }
    // A value has ended here; so may the brackets around it.
    for (let innermost = open.at(-1); innermost && takeMark(innermost === '{' ? '}' : ']'); innermost = open.at(-1)) {
      open.pop();
    }
    if (open.length === 0) {
      take(SPACE);
      return at === text.length ? undefined : at;
    }
    if (!takeMark(',')) return at;
    if (open.at(-1) === '{' && !takeName()) return at;
  }
}
