/** A refusal of a lib as the operator reads it: with the variables in the place of the settings that the lib names. */
export function withVariables(message: string): string {
  return message
    .replace(/`?\bpreviousSecrets\b(?:\[\d+\])?`?/g, 'POSTERN_PREVIOUS_SECRETS')
    .replaceAll('`secret`', 'POSTERN_SECRET');
}
