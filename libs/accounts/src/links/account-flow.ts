/** The flows that a link in a mail finishes. */
export const ACCOUNT_FLOWS = {
  verifyEmail: { purpose: 'verify-email', path: '/account/verify-email' },
  confirmEmailChange: { purpose: 'confirm-email-change', path: '/account/confirm-email-change' },
  undoEmailChange: { purpose: 'undo-email-change', path: '/account/undo-email-change' },
  acceptInvitation: { purpose: 'accept-invitation', path: '/account/accept-invitation' },
  magicLink: { purpose: 'magic-link', path: '/account/magic-link' },
  resetPassword: { purpose: 'reset-password', path: '/account/reset-password' },
} as const;

/** The name of a flow that a link in a mail finishes. */
export type AccountFlow = keyof typeof ACCOUNT_FLOWS;
