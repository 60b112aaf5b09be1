/** Replaces the names of settings in a message with the names of variables. */
export function withVariables(message: string): string {
  return message
    .replace(/`?\bpreviousSecrets\b(?:\[\d+\])?`?/g, 'POSTERN_PREVIOUS_SECRETS')
    .replaceAll('`secret`', 'POSTERN_SECRET')
    .replaceAll('MailModule: "smtpUrl"', 'SMTP_URL');
}
