/** A typo of two letters, or a transposition, is likely the same name. */
const MAX_DISTANCE = 2;

/**
 * Returns the name with the smallest edit distance, at most two letters, else the only name that begins with `name`.
 * Upper and lower case are the same.
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const [nearest] = names
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= MAX_DISTANCE)
    .sort((a, b) => a.distance - b.distance);
  if (nearest !== undefined) return nearest.candidate;
  const [longer, ...others] = names.filter((candidate) => candidate.toLowerCase().startsWith(lower));
  return others.length === 0 ? longer : undefined;
}

/** The Levenshtein distance. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at += 1) {
      const replaced = row[at]! + (to[at] === letter ? 0 : 1);
      next.push(Math.min(replaced, row[at + 1]! + 1, next[at]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
