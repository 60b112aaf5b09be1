import { LIFECYCLE_TEMPLATES } from './lifecycle-templates.js';
import { ACCOUNT_TEMPLATES } from './account-templates.js';
import { letter } from './letter.js';
import type { MailTemplate, MailTemplateData } from './mail-template.js';

/** The shipped templates, in English and Korean. */
export const SHIPPED_TEMPLATES: { readonly [K in keyof MailTemplateData]: MailTemplate<MailTemplateData[K]> } = {
  ...LIFECYCLE_TEMPLATES,
  ...ACCOUNT_TEMPLATES,
  'password-changed': ({ occurredAt }, context) => {
    const [product, time] = [context.productName, context.time(occurredAt)];
    return context.language === 'ko'
      ? letter(context, {
          subject: `${product} 비밀번호가 변경되었습니다`,
          paragraphs: [
            `${time}에 비밀번호가 변경되었고, 다른 모든 세션이 종료되었습니다.`,
            '직접 변경하지 않았다면 다른 사람이 비밀번호를 알고 있을 수 있습니다. 즉시 관리자에게 문의하세요.',
          ],
        })
      : letter(context, {
          subject: `Your password for ${product} was changed`,
          paragraphs: [
            `Your password was changed on ${time}, and all your other sessions were ended.`,
            'If you did not do this, another person may know your password: contact the administrators at once.',
          ],
        });
  },
  'refresh-token-reused': ({ occurredAt }, context) => {
    const [product, time] = [context.productName, context.time(occurredAt)];
    return context.language === 'ko'
      ? letter(context, {
          subject: `${product} 계정의 세션이 종료되었습니다`,
          paragraphs: [
            `${time}에 회원님의 세션 하나가 두 곳에서 사용되었습니다. 세션이 복사되었을 수 있어 종료했습니다.`,
            '다시 로그인하세요. 짐작되는 이유가 없다면 비밀번호를 변경하고 세션 목록을 확인하세요.',
          ],
        })
      : letter(context, {
          subject: `A session of your ${product} account was ended`,
          paragraphs: [
            `On ${time} one of your sessions was used in two places. It may have been copied, so we ended it.`,
            'Sign in again. If you cannot explain this, change your password and check your sessions.',
          ],
        });
  },
};
