import { letter } from './letter.js';
import type { LinkData, MailContext, MailTemplate, MailTemplateData, MailTexts } from './mail-template.js';

type AccountTemplate =
  | 'verify-email'
  | 'account-exists'
  | 'reset-password'
  | 'set-password'
  | 'confirm-email-change'
  | 'address-in-use'
  | 'email-changed';

/** The words of a mail in one language. A paragraph is a string. */
interface Words {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  readonly label?: string;
}

/** The templates for the life of an account, in English and Korean. */
export const ACCOUNT_TEMPLATES: { readonly [K in AccountTemplate]: MailTemplate<MailTemplateData[K]> } = {
  'verify-email': (link, context) =>
    written(context, link, {
      en: {
        subject: `Verify your e-mail address for ${context.productName}`,
        paragraphs: [
          `This address was registered for an account of ${context.productName}. Verify that it is yours.`,
          `The link works once, until ${context.time(link.expiresAt)}. If you did not register, ignore this mail and do not open the link.`,
        ],
        label: 'Verify the address',
      },
      ko: {
        subject: `${context.productName} 이메일 주소를 인증하세요`,
        paragraphs: [
          `이 주소로 ${context.productName} 계정이 등록되었습니다. 본인의 주소인지 인증해 주세요.`,
          `링크는 ${context.time(link.expiresAt)}까지 한 번만 사용할 수 있습니다. 직접 가입하지 않았다면 링크를 열지 말고 이 메일을 무시하세요.`,
        ],
        label: '주소 인증하기',
      },
    }),
  'account-exists': (link, context) =>
    written(context, link, {
      en: {
        subject: `You already have an account of ${context.productName}`,
        paragraphs: [
          'A registration with this address was requested, but it has an account already. Sign in with your password.',
          `If you forgot the password, set a new one by the link. The link works once, until ${context.time(link.expiresAt)}. If you did not register, ignore this mail.`,
        ],
        label: 'Set a new password',
      },
      ko: {
        subject: `이미 ${context.productName} 계정이 있습니다`,
        paragraphs: [
          '이 주소로 가입 요청이 있었지만 이미 계정이 있습니다. 기존 비밀번호로 로그인하세요.',
          `비밀번호를 잊었다면 링크에서 새로 설정하세요. 링크는 ${context.time(link.expiresAt)}까지 한 번만 사용할 수 있습니다. 직접 요청하지 않았다면 이 메일을 무시하세요.`,
        ],
        label: '새 비밀번호 설정하기',
      },
    }),
  'reset-password': (link, context) =>
    written(context, link, {
      en: {
        subject: `Set a new password for ${context.productName}`,
        paragraphs: [
          `Set a new password by the link. All your sessions will end. The link works once, until ${context.time(link.expiresAt)}.`,
          'If you did not request this, ignore this mail: your password stays as it is.',
        ],
        label: 'Set a new password',
      },
      ko: {
        subject: `${context.productName} 새 비밀번호를 설정하세요`,
        paragraphs: [
          `링크에서 새 비밀번호를 설정하세요. 모든 세션이 종료됩니다. 링크는 ${context.time(link.expiresAt)}까지 한 번만 사용할 수 있습니다.`,
          '직접 요청하지 않았다면 이 메일을 무시하세요. 비밀번호는 그대로 유지됩니다.',
        ],
        label: '새 비밀번호 설정하기',
      },
    }),
  'set-password': (link, context) =>
    written(context, link, {
      en: {
        subject: `Your account of ${context.productName}`,
        paragraphs: [
          `An administrator has created an account of ${context.productName} for this address. Set your password by the link.`,
          `The link works once, until ${context.time(link.expiresAt)}. Afterwards, request a new one as for a forgotten password.`,
        ],
        label: 'Set the password',
      },
      ko: {
        subject: `${context.productName} 계정이 만들어졌습니다`,
        paragraphs: [
          `관리자가 이 주소로 ${context.productName} 계정을 만들었습니다. 링크에서 비밀번호를 설정하세요.`,
          `링크는 ${context.time(link.expiresAt)}까지 한 번만 사용할 수 있습니다. 이후에는 비밀번호 찾기로 새 링크를 요청하세요.`,
        ],
        label: '비밀번호 설정하기',
      },
    }),
  'confirm-email-change': (link, context) =>
    written(context, link, {
      en: {
        subject: `Confirm your new e-mail address for ${context.productName}`,
        paragraphs: [
          `Confirm that this becomes the address of your ${context.productName} account.`,
          `The link works once, until ${context.time(link.expiresAt)}. If you did not request this, ignore this mail and do not open the link.`,
        ],
        label: 'Confirm the address',
      },
      ko: {
        subject: `${context.productName} 새 이메일 주소를 확인하세요`,
        paragraphs: [
          `이 주소를 ${context.productName} 계정의 주소로 사용하려면 확인해 주세요.`,
          `링크는 ${context.time(link.expiresAt)}까지 한 번만 사용할 수 있습니다. 직접 요청하지 않았다면 링크를 열지 말고 이 메일을 무시하세요.`,
        ],
        label: '주소 확인하기',
      },
    }),
  'address-in-use': (_, context) =>
    written(context, undefined, {
      en: {
        subject: `Your address was entered for another account of ${context.productName}`,
        paragraphs: [
          'The owner of another account requested a change to your address. Nothing has changed, because the address belongs to your account.',
          'If this was you, sign in to the account that has this address.',
        ],
      },
      ko: {
        subject: `다른 ${context.productName} 계정에 회원님의 주소가 입력되었습니다`,
        paragraphs: [
          '다른 계정에서 회원님의 주소로 변경을 요청했습니다. 이 주소는 회원님의 계정에 속하므로 아무것도 변경되지 않았습니다.',
          '본인이 요청했다면 이 주소의 계정으로 로그인하세요.',
        ],
      },
    }),
  'email-changed': ({ occurredAt, undo }, context) =>
    written(context, undo, {
      en: {
        subject: `The e-mail address of your ${context.productName} account was changed`,
        paragraphs: [
          `On ${context.time(occurredAt)} the address of your account was changed. This is the last mail to the former address.`,
          undo
            ? `If you did not do this, undo it by the link until ${context.time(undo.expiresAt)}. All sessions will end, and you set a new password.`
            : 'If you did not do this, contact the administrators at once.',
        ],
        label: 'Undo the change',
      },
      ko: {
        subject: `${context.productName} 계정의 이메일 주소가 변경되었습니다`,
        paragraphs: [
          `${context.time(occurredAt)}에 계정의 주소가 변경되었습니다. 이전 주소로 보내는 마지막 메일입니다.`,
          undo
            ? `직접 변경하지 않았다면 ${context.time(undo.expiresAt)}까지 링크에서 되돌리세요. 모든 세션이 종료되고 새 비밀번호를 설정하게 됩니다.`
            : '직접 변경하지 않았다면 즉시 관리자에게 문의하세요.',
        ],
        label: '변경 되돌리기',
      },
    }),
};

function written(
  context: MailContext,
  link: LinkData | undefined,
  words: Readonly<Record<MailContext['language'], Words>>,
): MailTexts {
  const { subject, paragraphs, label } = words[context.language];
  const action = link && label !== undefined ? { label, url: link.url } : undefined;
  return letter(context, { subject, paragraphs, action });
}
