import type { AccountFlow } from './account-flow.js';
import type { AccountPage } from './account-page.js';

/** The page of each flow. */
export const ACCOUNT_PAGES: Readonly<Record<AccountFlow, AccountPage>> = {
  verifyEmail: {
    action: '../auth/email/verify',
    words: {
      en: {
        title: 'Verify your e-mail address',
        text: 'Continue only if you have registered yourself.',
        button: 'Verify the address',
        done: 'The address is verified. You can sign in now.',
      },
      ko: {
        title: '이메일 주소 인증',
        text: '직접 가입한 경우에만 계속하세요.',
        button: '주소 인증하기',
        done: '주소가 인증되었습니다. 이제 로그인할 수 있습니다.',
      },
    },
  },
  confirmEmailChange: {
    action: '../auth/email/change/confirm',
    words: {
      en: {
        title: 'Confirm your new e-mail address',
        text: 'Continue only if you have requested this change yourself.',
        button: 'Confirm the address',
        done: 'The address of your account has changed.',
      },
      ko: {
        title: '새 이메일 주소 확인',
        text: '직접 변경을 요청한 경우에만 계속하세요.',
        button: '주소 확인하기',
        done: '계정의 주소가 변경되었습니다.',
      },
    },
  },
  undoEmailChange: {
    action: '../auth/email/change/undo',
    words: {
      en: {
        title: 'Undo the change of your e-mail address',
        text: 'Your former address is restored, all sessions end, and you get a mail with a link for a new password.',
        button: 'Undo the change',
        done: 'The address is restored. Set a new password by the link in your mail.',
      },
      ko: {
        title: '이메일 주소 변경 되돌리기',
        text: '이전 주소가 복원되고 모든 세션이 종료되며, 새 비밀번호를 설정하는 링크가 메일로 전송됩니다.',
        button: '변경 되돌리기',
        done: '주소가 복원되었습니다. 메일의 링크에서 새 비밀번호를 설정하세요.',
      },
    },
  },
  acceptInvitation: {
    action: '../auth/invitations/accept',
    hasPassword: true,
    words: {
      en: {
        title: 'Accept the invitation',
        text: 'Choose a password for your new account.',
        button: 'Create the account',
        done: 'Your account is ready. You can sign in now.',
      },
      ko: {
        title: '초대 수락',
        text: '새 계정의 비밀번호를 정하세요.',
        button: '계정 만들기',
        done: '계정이 준비되었습니다. 이제 로그인할 수 있습니다.',
      },
    },
  },
  magicLink: {
    action: '../auth/magic-link/login',
    words: {
      en: {
        title: 'Sign in',
        text: 'Continue only if you have requested this link yourself, in this browser.',
        button: 'Sign in',
        done: 'You are signed in. Your access token:',
      },
      ko: {
        title: '로그인',
        text: '이 브라우저에서 직접 링크를 요청한 경우에만 계속하세요.',
        button: '로그인',
        done: '로그인되었습니다. 액세스 토큰:',
      },
    },
  },
  resetPassword: {
    action: '../auth/password/reset',
    hasPassword: true,
    words: {
      en: {
        title: 'Set a new password',
        text: 'All your sessions end. Sign in with the new password afterwards.',
        button: 'Set the password',
        done: 'The password has changed. You can sign in now.',
      },
      ko: {
        title: '새 비밀번호 설정',
        text: '모든 세션이 종료됩니다. 이후 새 비밀번호로 로그인하세요.',
        button: '비밀번호 설정하기',
        done: '비밀번호가 변경되었습니다. 이제 로그인할 수 있습니다.',
      },
    },
  },
};
