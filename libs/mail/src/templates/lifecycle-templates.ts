import { letter } from './letter.js';
import type { MailTemplate, MailTemplateData } from './mail-template.js';

type Name = 'deletion-requested' | 'deletion-cancelled' | 'invitation' | 'magic-link';

/** The shipped templates of invitations, magic links, and deletions, in English and Korean. */
export const LIFECYCLE_TEMPLATES: { readonly [K in Name]: MailTemplate<MailTemplateData[K]> } = {
  'deletion-requested': ({ occurredAt, deletionAt }, context) => {
    const [product, time, end] = [context.productName, context.time(occurredAt), context.time(deletionAt)];
    const isDeleted = deletionAt <= occurredAt;
    if (context.language === 'ko') {
      return letter(context, {
        subject: isDeleted ? `${product} 계정이 삭제되었습니다` : `${product} 계정이 삭제될 예정입니다`,
        paragraphs: isDeleted
          ? [`${time}에 요청하신 대로 계정이 삭제되었습니다.`, '직접 요청하지 않았다면 관리자에게 문의하세요.']
          : [
              `${time}에 계정 삭제가 요청되어 모든 세션이 종료되었습니다. 계정은 ${end}에 삭제됩니다.`,
              '삭제를 취소하려면 그 전에 로그인하세요. 직접 요청하지 않았다면 로그인한 후 비밀번호를 변경하세요.',
            ],
      });
    }
    return letter(context, {
      subject: isDeleted ? `Your ${product} account was deleted` : `Your ${product} account will be deleted`,
      paragraphs: isDeleted
        ? [
            `Your account was deleted on ${time}, as you requested.`,
            'If you did not request this, contact the administrators.',
          ]
        : [
            `The deletion of your account was requested on ${time}, and all your sessions were ended. The account will be deleted on ${end}.`,
            'To cancel the deletion, sign in before. If you did not request it, sign in and change your password.',
          ],
    });
  },
  'deletion-cancelled': ({ occurredAt }, context) => {
    const [product, time] = [context.productName, context.time(occurredAt)];
    return context.language === 'ko'
      ? letter(context, {
          subject: `${product} 계정 삭제가 취소되었습니다`,
          paragraphs: [
            `${time}에 로그인하여 계정 삭제가 취소되었습니다.`,
            '직접 로그인하지 않았다면 비밀번호를 변경하고 세션 목록을 확인하세요.',
          ],
        })
      : letter(context, {
          subject: `Your ${product} account will not be deleted`,
          paragraphs: [
            `A sign-in on ${time} cancelled the deletion of your account.`,
            'If this was not you, change your password and check your sessions.',
          ],
        });
  },
  invitation: ({ url, expiresAt }, context) => {
    const [product, end] = [context.productName, context.time(expiresAt)];
    return context.language === 'ko'
      ? letter(context, {
          subject: `${product}에 초대되었습니다`,
          paragraphs: [
            `${product} 관리자가 계정을 만들도록 초대했습니다. 초대는 ${end}까지 유효합니다.`,
            '초대를 예상하지 못했다면 이 메일을 무시하세요.',
          ],
          action: { label: '초대 수락', url },
        })
      : letter(context, {
          subject: `You are invited to ${product}`,
          paragraphs: [
            `An administrator of ${product} invites you to create an account. The invitation is valid until ${end}.`,
            'If you do not expect an invitation, ignore this mail.',
          ],
          action: { label: 'Accept the invitation', url },
        });
  },
  'magic-link': ({ url, expiresAt }, context) => {
    const [product, end] = [context.productName, context.time(expiresAt)];
    return context.language === 'ko'
      ? letter(context, {
          subject: `${product} 로그인 링크`,
          paragraphs: [
            `이 링크로 로그인하세요. 링크는 요청한 브라우저에서만 ${end}까지 한 번 사용할 수 있습니다.`,
            '로그인을 요청하지 않았다면 이 메일을 무시하세요.',
          ],
          action: { label: '로그인', url },
        })
      : letter(context, {
          subject: `Your link to sign in to ${product}`,
          paragraphs: [
            `Use this link to sign in. It works once, until ${end}, and only in the browser that requested it.`,
            'If you did not request it, ignore this mail.',
          ],
          action: { label: 'Sign in', url },
        });
  },
};
