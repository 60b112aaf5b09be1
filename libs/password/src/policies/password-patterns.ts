/** A run of at least this many adjacent characters counts as one choice. */
const MIN_RUN = 3;

/** The rows and columns of common keyboards, separated by `×`. */
const KEYBOARDS = [
  "`1234567890-=×qwertyuiop[]×asdfghjkl;'×zxcvbnm,./",
  'qwertzuiopü×yxcvbnm,.-×azertyuiop×qsdfghjklm×wxcvbn,;:',
  '1qaz×2wsx×3edc×4rfv×5tgb×6yhn×7ujm×8ik,×9ol.×0p;/×zse4×xdr5×cft6×vgy7×bhu8×nji9×mko0',
  '!@#$%^&*()_+×йцукенгшщзхъ×фывапролджэ×ячсмитьбю',
  '147×258×369×741×852×963',
].join('×');

const NEIGHBOURS = neighboursOf(KEYBOARDS);

/** Returns whether the text repeats one piece, such as `abcabcabc` or `hello hello hello he`. */
export function isRepetition(text: string): boolean {
  const signs = [...text];
  // The border table of Knuth, Morris and Pratt: a hostile text must not cost quadratic time.
  const borders = [0];
  for (let end = 1, border = 0; end < signs.length; end += 1) {
    while (border > 0 && signs[border] !== signs[end]) border = borders[border - 1] ?? 0;
    if (signs[border] === signs[end]) border += 1;
    borders[end] = border;
  }
  return signs.length > 1 && 2 * (borders.at(-1) ?? 0) >= signs.length;
}

/** Returns the number of different characters. */
export function distinctCharacters(text: string): number {
  return new Set(text).size;
}

/**
 * Returns the number of choices in the text. A repeated character, or a run over the alphabet, the digits or a
 * keyboard, counts once. `qwertyuiop12345` has two choices; a phrase has about one choice for each letter.
 */
export function guessCount(text: string): number {
  const signs = [...text.toLowerCase()];
  let count = 0;
  for (let start = 0; start < signs.length;) {
    const length = runFrom(signs, start);
    count += 1;
    start += length >= MIN_RUN ? length : 1;
  }
  return count;
}

function runFrom(signs: readonly string[], start: number): number {
  let end = start;
  let ways = stepsBetween(signs[end], signs[end + 1]);
  while (ways !== 0) {
    end += 1;
    // Two letters may be adjacent in several ways. The run continues while one way fits all of its letters.
    ways &= stepsBetween(signs[end], signs[end + 1]);
  }
  return end - start + 1;
}

/** Returns the steps from one character to the other as bits: same, up, down, right, left. */
function stepsBetween(from: string | undefined, to: string | undefined): number {
  if (from === undefined || to === undefined) return 0;
  const distance = (to.codePointAt(0) ?? 0) - (from.codePointAt(0) ?? 0);
  const same = distance === 0;
  const up = distance === 1 || from + to === '90';
  const down = distance === -1 || from + to === '09';
  const [right, left] = [NEIGHBOURS.has(from + to), NEIGHBOURS.has(to + from)];
  return [same, up, down, right, left].reduce((bits, holds, bit) => bits | (Number(holds) << bit), 0);
}

function neighboursOf(rows: string): ReadonlySet<string> {
  const signs = [...rows];
  const pairs = signs.map((sign, index) => sign + (signs[index + 1] ?? '×'));
  return new Set(pairs.filter((pair) => !pair.includes('×')));
}
