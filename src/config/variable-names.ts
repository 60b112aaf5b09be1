/** Replaces the names of settings in a message with the names of variables. */
export function withVariables(message: string): string {
  return message
    .replace(/`?\bpreviousSecrets\b(?:\[\d+\])?`?/g, 'POSTERN_PREVIOUS_SECRETS')
    .replace(/`?\bpreviousPeppers\b(?:\[\d+\])?`?/g, 'POSTERN_PREVIOUS_PEPPERS')
    .replaceAll('`pepper`', 'POSTERN_PEPPER')
    .replaceAll('PasswordModule: "breach": "url"', 'POSTERN_BREACH_URL')
    .replaceAll('`secret`', 'POSTERN_SECRET')
    .replaceAll('MailModule: "smtpUrl"', 'SMTP_URL');
}
