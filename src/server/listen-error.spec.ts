import { readConfig } from '../config/config.js';
import { listenError } from './listen-error.js';

const config = readConfig({ PORT: '80', HOST: '::1' });
const failed = (code: string, syscall: string) => Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

describe('listenError', () => {
  it.each([
    ['EACCES', 'listen', 'PORT is 80, where this user may not listen'],
    ['EADDRINUSE', 'listen', 'PORT is 80, and somebody listens there on ::1'],
    ['EAFNOSUPPORT', 'listen', 'HOST is ::1, where this machine cannot listen (EAFNOSUPPORT)'],
    ['EAI_AGAIN', 'getaddrinfo', 'HOST is ::1, a name that leads nowhere (EAI_AGAIN)'],
  ])('says of %s in a sentence which variable to set', (code, syscall, sentence) => {
    expect((listenError(config, failed(code, syscall)) as Error).message).toContain(sentence);
  });

  it('leaves alone what is of another kind', () => {
    const fault = new TypeError('a fault');
    expect(listenError(config, fault)).toBe(fault);
  });
});
